#pragma once

// toml++ as this folder uses it: errors are values, and nothing is written back. Every file here
// includes it through this header, because the settings change the library's types. Header-only,
// so that nothing of it is needed where the server runs.
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>
