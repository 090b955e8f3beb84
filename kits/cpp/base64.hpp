// Base64 as RFC 4648 has it, with padding, for data that a JSON parser has already taken as a string.
#pragma once

#include <cstdint>
#include <string>

namespace lepton {

inline const std::string LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

inline std::string from_base64(const std::string& text) {
  std::string bytes;
  uint32_t held = 0, bits = 0;
  for (char letter : text.substr(0, text.find('='))) {
    held = held << 6 | uint32_t(LETTERS.find(letter) & 63);
    if ((bits += 6) >= 8) bytes += char(held >> (bits -= 8) & 255);
  }
  return bytes;
}

inline std::string to_base64(const std::string& bytes) {
  std::string text;
  for (size_t at = 0; at < bytes.size(); at += 3) {
    uint32_t held = 0;
    for (size_t i = at; i < at + 3; ++i) held = held << 8 | (i < bytes.size() ? uint8_t(bytes[i]) : 0);
    for (size_t i = 0; i < 4; ++i) text += at + i > bytes.size() ? '=' : LETTERS[held >> (18 - 6 * i) & 63];
  }
  return text;
}

}  // namespace lepton
