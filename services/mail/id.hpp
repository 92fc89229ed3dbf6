#pragma once

#include <string>
#include <string_view>

namespace portico::mail {

/// A new message's identity: 128 random bits as 22 characters of [0-9A-Za-z]. Also its UIDL.
std::string new_id();

bool is_id(std::string_view text);

} // namespace portico::mail
