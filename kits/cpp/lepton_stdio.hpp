// Put an adapter behind the stdio protocol of the standard's chapter `runtime`. Copy this file and base64.hpp beside
// your adapter, derive from Model, and call `serve` in main. A thrown std::exception rejects; Unsupported says that
// something is lacking. Needs C++17, nlohmann/json 3 and a little-endian machine.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "base64.hpp"

namespace lepton {

using nlohmann::json;

// An input or output of a model; -1 is a free size.
struct Spec {
  std::string name, datatype;
  std::vector<int64_t> shape;
};

// A tensor: its elements in row-major order; those of BYTES each after its length in 4 bytes.
struct Value {
  std::string name, datatype;
  std::vector<size_t> shape;
  std::string data;
};

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Spec, name, datatype, shape)

struct Unsupported : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Model {
  std::vector<Spec> inputs, outputs;
  virtual std::vector<Value> infer(const std::vector<Value>& inputs) = 0;
  virtual ~Model() = default;
};

using Load = std::function<std::unique_ptr<Model>(const std::string& path)>;

inline json answer(const json& request, const Load& load, std::map<std::string, std::unique_ptr<Model>>& models) {
  const std::string op = request.at("op");
  if (op == "shutdown") return json::object();
  if (op == "load") {
    const std::string name = "m" + std::to_string(request.at("id").get<int64_t>());
    auto& model = *(models[name] = load(request.at("path")));
    return {{"model", name}, {"inputs", model.inputs}, {"outputs", model.outputs}};
  }
  auto& model = models.at(request.at("model"));
  if (op == "unload") return models.erase(request.at("model")), json::object();
  std::vector<Value> inputs;
  for (const auto& value : request.at("inputs"))
    inputs.push_back({value.at("name"), value.at("datatype"), value.at("shape"), from_base64(value.at("data"))});
  json outputs = json::array();
  for (const auto& [name, datatype, shape, data] : model->infer(inputs))
    outputs.push_back({{"name", name}, {"datatype", datatype}, {"shape", shape}, {"data", to_base64(data)}});
  return {{"outputs", outputs}};
}

// Answer requests until shutdown or the end of input. Returns the exit status.
inline int serve(const std::string& name, const std::string& version, const json& capabilities, const Load& load) {
  FILE* protocol = fdopen(dup(1), "w");
  dup2(2, 1);  // whatever else is printed goes to standard error
  auto say = [&](const json& message) {
    fprintf(protocol, "%s\n", message.dump(-1, ' ', false, json::error_handler_t::replace).c_str());
    fflush(protocol);
  };
  say({{"lepton", "1.0"}, {"protocol", 1}, {"name", name}, {"version", version}, {"capabilities", capabilities}});
  std::map<std::string, std::unique_ptr<Model>> models;
  for (std::string line; std::getline(std::cin, line);) {
    const json request = json::parse(line);
    json message = {{"id", request.at("id")}};
    auto refuse = [&](const char* code, const char* what) { message["error"] = {{"code", code}, {"message", what}}; };
    try {
      message.update(answer(request, load, models));
    } catch (const Unsupported& error) {
      refuse("UNSUPPORTED", error.what());
    } catch (const std::exception& error) {
      refuse(request.at("op") == "load" ? "INVALID_MODEL" : "INVALID_INPUT", error.what());
    }
    say(message);
    if (request.at("op") == "shutdown") break;
  }
  return 0;
}

}  // namespace lepton
