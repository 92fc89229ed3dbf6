#pragma once

#include "services/mime/structure.hpp"

namespace portico::mime {

/// What `header` says of a part, and the delimiter between its own parts, or "" if it has none.
/// `default_type` is that of a part that says nothing (RFC 2045 section 5.2).
std::string describe(const Header& header, std::string_view default_type, Node& node);

} // namespace portico::mime
