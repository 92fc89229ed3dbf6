#include "config/load.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

// Any text is either a configuration or at least one problem, each with a place and a text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto loaded = portico::config::parse(text, "fuzz.toml");
    if (loaded) {
        if (loaded->config.ports.empty()) std::abort();
        return 0;
    }
    if (loaded.error().empty()) std::abort();
    for (const auto& problem : loaded.error()) {
        if (problem.what.empty() || problem.line < 1 || problem.column < 1) std::abort();
        if (to_string(problem).find('\n') != std::string::npos) std::abort();
    }
    return 0;
}
