#pragma once

#include <cstdint>

namespace portico::smtp {

/// Why a command is not what the grammar has.
enum class ParseError : std::uint8_t {
    syntax,             // not the form the command has
    path_syntax,        // no path, or none of section 4.1.2
    path_too_long,      // section 4.5.3.1
    non_ascii_path,     // and no SMTPUTF8 (RFC 6531)
    parameter_syntax,   // not keyword[=value], or a value its extension does not know
    parameter_repeated, //
    parameter_unknown,  // of no extension we announce
    parameter_value,    // known, but with a value of no extension we announce: BODY=9BIT
};

} // namespace portico::smtp
