#pragma once

#include "config/config.hpp"

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace portico::config {

/// One thing wrong with a configuration file. Never holds a secret's value.
struct Problem {
    std::string file;
    int line;           // from 1; 0 if it belongs to no line
    int column;         // from 1
    std::string what;   // "port 70000 is out of range"
    std::string remedy; // "a number from 1 to 65535, or \"auto\"": what would be right
};

/// "portico.toml:12:8: port 70000 is out of range (expected: ...)"
std::string to_string(const Problem& problem);

struct Loaded {
    Config config;
    std::vector<Problem> warnings; // such as a secret in a file others can read
};

/// Reads and checks `path` whole; on failure every problem found, in the order of the file.
std::expected<Loaded, std::vector<Problem>> load(const std::filesystem::path& path);

/// The same for text that is in memory already; `name` stands for the file in problems.
std::expected<Loaded, std::vector<Problem>> parse(std::string_view text, std::string name);

/// The keys of one table, as the file may hold them.
struct KnownKeys {
    std::string table; // "[smtp]", "[[port]]"; "" for the file itself
    std::vector<std::string> keys;
};

/// Every key there is, so that a test can hold config/portico.toml complete. A [[port]] takes
/// those of its service besides its own.
std::vector<KnownKeys> known_keys();

} // namespace portico::config
