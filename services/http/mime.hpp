#pragma once

#include <string_view>

namespace portico::http {

/// The media type for a file's name, by its extension, compared without case; text comes with
/// `charset=utf-8`. "application/octet-stream" for what is not known (RFC 9110 section 8.3).
std::string_view media_type(std::string_view file);

/// What Content-Encoding says of the file as it lies there, or "". Only .svgz: its media type is
/// that of what is compressed in it, and browsers show it by no other name (SVG 2, appendix on its
/// media type). An archive such as .gz is a type of its own. Nothing is negotiated for such a file:
/// it is in no other coding, and is not to be compressed again.
std::string_view inherent_coding(std::string_view file);

} // namespace portico::http
