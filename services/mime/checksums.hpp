#pragma once

#include "services/mime/message.hpp"

namespace portico::mime {

/// What clients of the API compare a part with; nothing here is meant to be secure. A digest that
/// the system's policy forbids (MD5 in FIPS mode) is "".
Checksums checksums(std::string_view octets);

} // namespace portico::mime
