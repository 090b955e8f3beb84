// An adapter for OpenVINO on the CPU, in the precision that the model declares. Copy it, change the places marked
// HERE, and certify your own runtime: lepton certify "exec:build/openvino_adapter" --profile runtime
// LEPTON_OPENVINO=strings: strings are judged, too, for which the CPU has few operators

#include <cstdlib>
#include <cstring>
#include <openvino/openvino.hpp>  // HERE: your runtime
#include <set>

#include "lepton_stdio.hpp"

namespace {

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
    compiled = core.compile_model(core.read_model(path), "CPU", precision);  // HERE: load
    inputs = described(compiled.inputs());
    outputs = described(compiled.outputs());
  }

  std::vector<lepton::Value> infer(const std::vector<lepton::Value>& given) override {
    std::set<std::string> expected, found;  // OpenVINO computes with whatever an input was before
    for (const auto& spec : inputs) expected.insert(spec.name);
    for (const auto& value : given) found.insert(value.name);
    if (found != expected) throw std::invalid_argument("found other inputs than those of the model");
    auto request = compiled.create_infer_request();
    for (const auto& value : given) request.set_tensor(value.name, tensor_of(value));
    request.infer();  // HERE: compute
    std::vector<lepton::Value> values;
    for (const auto& spec : outputs) values.push_back(value_of(spec.name, request.get_tensor(spec.name)));
    return values;
  }
};

}  // namespace

int main() {
  ov::Core core;
  lepton::json datatypes;
  for (const auto& [name, type] : TYPES)
    if (name != "BYTES" || std::getenv("LEPTON_OPENVINO")) datatypes.push_back(name);
  return lepton::serve("openvino-cpp", ov::get_openvino_version().buildNumber,
                       {{"datatypes", datatypes}, {"formats", {"onnx"}}},
                       [&](const std::string& path) { return std::make_unique<OpenVinoModel>(core, path); });
}
