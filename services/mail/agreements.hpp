#pragma once

#include <span>

namespace portico::mail {

/// Questions in SQL about what the tables have to agree in; each row of an answer is a finding, a
/// sentence.
std::span<const char* const> agreements();

} // namespace portico::mail
