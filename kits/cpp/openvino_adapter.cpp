// An adapter for OpenVINO on the CPU, in the precision that the model declares. Copy it, change the places marked
// HERE, and certify your own runtime: lepton certify "exec:build/openvino_adapter" --profile runtime
// LEPTON_OPENVINO=FP64,INT64: these datatypes are judged, too; the CPU takes them and computes in narrower ones

#include <cstdlib>
#include <cstring>
#include <openvino/openvino.hpp>  // HERE: your runtime
#include <set>

#include "lepton_stdio.hpp"

const std::map<std::string, ov::element::Type> TYPES = {  // HERE: your runtime's datatypes
    {"BOOL", ov::element::boolean}, {"BYTES", ov::element::string}, {"FP16", ov::element::f16},
    {"FP32", ov::element::f32},     {"FP64", ov::element::f64},     {"INT8", ov::element::i8},
    {"INT16", ov::element::i16},    {"INT32", ov::element::i32},    {"INT64", ov::element::i64},
    {"UINT8", ov::element::u8},     {"UINT16", ov::element::u16},   {"UINT32", ov::element::u32},
    {"UINT64", ov::element::u64}};

std::string datatype_of(const ov::element::Type& type) {
  for (const auto& [name, known] : TYPES)
    if (known == type) return name;
  throw lepton::Unsupported("no datatype of the standard: " + type.get_type_name());
}

std::vector<lepton::Spec> described(const std::vector<ov::Output<const ov::Node>>& ports) {
  std::vector<lepton::Spec> specs;
  for (const auto& port : ports) {
    auto& spec = specs.emplace_back(lepton::Spec{port.get_any_name(), datatype_of(port.get_element_type()), {}});
    for (const auto& size : port.get_partial_shape()) spec.shape.push_back(size.is_static() ? size.get_length() : -1);
  }
  return specs;
}

ov::Tensor tensor_of(const lepton::Value& value) {
  ov::Tensor tensor(TYPES.at(value.datatype), value.shape);
  if (value.datatype == "BYTES") {
    uint32_t length = 0;
    for (size_t i = 0, at = 0; i < tensor.get_size(); ++i, at += 4 + length) {
      std::memcpy(&length, value.data.substr(at, 4).c_str(), 4);
      tensor.data<std::string>()[i] = value.data.substr(at + 4, length);
    }
  } else if (value.data.size() != tensor.get_byte_size()) {
    throw std::invalid_argument(value.name + ": found data of another size than the shape says");
  } else if (!value.data.empty()) {
    std::memcpy(tensor.data(), value.data.data(), value.data.size());
  }
  return tensor;
}

lepton::Value value_of(const std::string& name, const ov::Tensor& tensor) {
  lepton::Value value{name, datatype_of(tensor.get_element_type()), tensor.get_shape(), {}};
  for (size_t i = 0; value.datatype == "BYTES" && i < tensor.get_size(); ++i) {
    const auto& element = tensor.data<const std::string>()[i];
    const auto length = uint32_t(element.size());
    value.data.append(reinterpret_cast<const char*>(&length), 4).append(element);
  }
  if (value.datatype != "BYTES" && tensor.get_size())
    value.data.assign(static_cast<const char*>(tensor.data()), tensor.get_byte_size());
  return value;
}

struct OpenVinoModel : lepton::Model {
  ov::CompiledModel compiled;

  OpenVinoModel(ov::Core& core, const std::string& path) {
    const ov::AnyMap precision = {ov::hint::inference_precision(ov::element::f32),
                                  ov::hint::execution_mode(ov::hint::ExecutionMode::ACCURACY)};
    const std::shared_ptr<const ov::Model> model = core.read_model(path);  // HERE: load
    inputs = described(model->inputs());
    outputs = described(model->outputs());
    compiled = core.compile_model(model, "CPU", precision);
  }

  std::vector<lepton::Value> infer(const std::vector<lepton::Value>& given) override {
    std::map<std::string, const lepton::Value*> found;
    for (const auto& value : given) found[value.name] = &value;
    auto request = compiled.create_infer_request();
    for (size_t i = 0; i < inputs.size(); ++i) request.set_input_tensor(i, tensor_of(*found.at(inputs[i].name)));
    if (found.size() != inputs.size()) throw std::invalid_argument("found an input that the model does not have");
    request.infer();  // HERE: compute
    std::vector<lepton::Value> values;  // by number: equal nodes become one, whose tensor then has the names of all
    for (size_t i = 0; i < outputs.size(); ++i)
      values.push_back(value_of(outputs[i].name, request.get_output_tensor(i)));
    return values;
  }
};

int main() {
  ov::Core core;
  const std::set<std::string> narrowed = {"FP64", "INT64", "UINT32", "UINT64", "BYTES"};
  const std::string judged = std::getenv("LEPTON_OPENVINO") ? std::getenv("LEPTON_OPENVINO") : "";
  lepton::json datatypes;  // HERE: what it computes with; the CPU computes what is narrowed in FP32 and INT32
  for (const auto& [name, type] : TYPES)
    if (!narrowed.count(name) || judged.find(name) != std::string::npos) datatypes.push_back(name);
  return lepton::serve("openvino-cpp", ov::get_openvino_version().buildNumber,
                       {{"datatypes", datatypes}, {"formats", {"onnx"}}},
                       [&](const std::string& path) { return std::make_unique<OpenVinoModel>(core, path); });
}
