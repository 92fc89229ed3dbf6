#pragma once

#include "config/config.hpp"
#include "config/load.hpp"
#include "services/mailpit/variables.hpp"

#include <expected>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

/// portico in Mailpit's place: what it is told by Mailpit's environment and flags. Pure.
namespace portico::mailpit {

/// Whose API, flags and variables are meant.
inline constexpr std::string_view version = "v1.30.5";

/// The ports of Mailpit, by which what is said of them is found in a configuration.
inline constexpr std::uint16_t smtp_port = 1025;
inline constexpr std::uint16_t console_port = 8025;
inline constexpr std::uint16_t pop3_port = 1110;

/// What holds where there is no file: those three ports on every address, open to everyone.
config::Config defaults();

/// Whether the program is called by Mailpit's name, "/mailpit".
bool is_called(std::string_view program);

/// The content of a file, or why it cannot be read.
using ReadFile =
    std::function<std::expected<std::string, std::string>(const std::filesystem::path&)>;

/// What came of it; each names its variable, and none holds a secret's value.
struct Outcome {
    std::vector<config::Problem> errors; // the start cannot be
    std::vector<config::Problem> warnings;
};

/// Changes `config` as `values` say, which go before it. What is known and not done gets one
/// warning; what is unknown is ignored.
Outcome apply(const Values& values, config::Config& config, const ReadFile& read);

/// Where mail is kept for Mailpit's "/data/mailpit.db", or its folder: in "/data/mailpit.portico",
/// so that no database of Mailpit's is ever taken for ours.
std::filesystem::path data_folder(const std::filesystem::path& database);

} // namespace portico::mailpit
