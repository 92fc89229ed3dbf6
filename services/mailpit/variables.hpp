#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace portico::mailpit {

/// Values by the variable's name, "MP_WEBROOT". An empty one is as good as none.
using Values = std::map<std::string, std::string, std::less<>>;

/// A variable of Mailpit's (v1.30) that we know, and the flags that stand for it.
struct Variable {
    enum class Kind : std::uint8_t { text, boolean };
    enum class Fate : std::uint8_t {
        taken,   // becomes configuration, see apply()
        settled, // what it asks for is so in any case, or it is for nothing here
        missing, // we do not do it, and say so
    };

    std::string_view name;       // one that ends in "_" is for all that begin so
    std::string_view flags = {}; // "-m,--max"; "": none
    Kind kind = Kind::text;
    Fate fate = Fate::taken;
};

std::span<const Variable> variables();

/// The variable with this name; null: none of Mailpit's that we know.
const Variable* find(std::string_view name);

/// "1", "true" and "yes" in any case; all else is false.
bool is_true(std::string_view value);

} // namespace portico::mailpit
