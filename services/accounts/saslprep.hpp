#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace portico::accounts {

bool is_utf8(std::string_view text); // RFC 3629: no overlong forms, no surrogates

/// A user name or password as SASLprep (RFC 4013) wants it compared; nothing if it is not UTF-8
/// or has characters that are prohibited (section 2.3), control characters above all.
///
/// ASCII stays as it is. Of the rest, spaces become U+0020 and invisible characters go (section
/// 2.1), but it is not normalized (section 2.2, NFKC), which takes Unicode's tables: text that is
/// normalized already, as keyboards make it, comes out right; other text compares as different,
/// so that a login may fail that could succeed, never the other way. For the same reason the rule
/// about mixed directions (section 2.4) is left out: it only refuses.
std::optional<std::string> saslprep(std::string_view text);

} // namespace portico::accounts
