#include "config/load.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

// config/portico.toml is the documentation of the configuration: it says the truth or fails here.
namespace portico::config {
namespace {

const std::filesystem::path reference =
    std::filesystem::path{PORTICO_SOURCE_DIR} / "config/portico.toml";

std::string text_of_reference()
{
    std::ifstream file{reference};
    return {std::istreambuf_iterator<char>{file}, {}};
}

// Examples stand behind a "#" without a space, explanations behind one with a space.
std::string with_examples(const std::string& text)
{
    std::istringstream lines{text};
    std::string result;
    for (std::string line; std::getline(lines, line);) {
        if (line.size() > 1 && line[0] == '#' && line[1] != ' ') line.erase(0, 1);
        result += line + '\n';
    }
    return result;
}

TEST(Reference, HoldsTheDefaults)
{
    const auto loaded = load(reference);
    ASSERT_TRUE(loaded) << to_string(loaded.error().front());
    EXPECT_TRUE(loaded->warnings.empty());
    const Config& config = loaded->config;
    EXPECT_EQ(config.host, Host{});
    EXPECT_EQ(config.log, Log{});
    EXPECT_EQ(config.mail, Mail{});
    EXPECT_EQ(config.auth, Auth{});
    EXPECT_EQ(config.tls, Tls{});
    EXPECT_TRUE(config.certificates.empty());
    EXPECT_EQ(std::get<Http>(config.services), Http{});
    EXPECT_EQ(std::get<Smtp>(config.services), Smtp{});
    EXPECT_EQ(std::get<Pop3>(config.services), Pop3{});
    EXPECT_EQ(std::get<Inspect>(config.services), Inspect{});
    EXPECT_EQ(std::get<Console>(config.services), Console{});
    EXPECT_TRUE(config.sites.empty());
    EXPECT_TRUE(config.accounts.empty());
    const Config defaults = sandbox();
    ASSERT_EQ(config.ports.size(), defaults.ports.size());
    for (std::size_t i = 0; i < defaults.ports.size(); ++i) {
        EXPECT_EQ(config.ports[i].port, defaults.ports[i].port);
        EXPECT_EQ(config.ports[i].bind, defaults.ports[i].bind);
        EXPECT_EQ(config.ports[i].tls, defaults.ports[i].tls);
        EXPECT_EQ(config.ports[i].site, defaults.ports[i].site);
        EXPECT_EQ(config.ports[i].require_tls, defaults.ports[i].require_tls);
        EXPECT_EQ(config.ports[i].options, defaults.ports[i].options);
    }
}

TEST(Reference, ItsExamplesAreValid)
{
    const auto loaded = parse(with_examples(text_of_reference()), "examples");
    ASSERT_TRUE(loaded) << to_string(loaded.error().front());
    EXPECT_EQ(loaded->config.accounts.size(), 2U);
    EXPECT_EQ(loaded->config.certificates.size(), 1U);
    EXPECT_EQ(loaded->config.sites.size(), 1U);
    EXPECT_EQ(loaded->config.auth.allow_plaintext, false);
}

TEST(Reference, ShowsEveryKey)
{
    const auto text = with_examples(text_of_reference());
    for (const KnownKeys& known : known_keys()) {
        if (known.table.empty()) continue;
        const auto begin = text.find('\n' + known.table + '\n');
        ASSERT_NE(begin, std::string::npos) << known.table;
        // A [[table]] may show its keys in any of its examples, a [table] only in itself.
        const bool many = known.table.starts_with("[[");
        const auto part = many ? text : text.substr(begin, text.find("\n[", begin + 2) - begin);
        for (const std::string& key : known.keys)
            EXPECT_NE(part.find('\n' + key + " = "), std::string::npos)
                << known.table << ' ' << key;
    }
}

} // namespace
} // namespace portico::config
