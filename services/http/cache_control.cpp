#include "services/http/cache_control.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>

namespace portico::http {

namespace {

struct Token {
    enum class Kind : std::uint8_t { character, name, anything } kind;
    char character;
};

std::vector<Token> tokens_of(std::string_view pattern)
{
    std::vector<Token> tokens;
    while (!pattern.empty()) {
        const auto kind = pattern.starts_with("**")  ? Token::Kind::anything
                          : pattern.starts_with("*") ? Token::Kind::name
                                                     : Token::Kind::character;
        tokens.push_back({kind, pattern.front()});
        pattern.remove_prefix(kind == Token::Kind::anything ? 2 : 1);
    }
    return tokens;
}

} // namespace

// All ways to match are followed at once: `reached[n]` says that the first n tokens match what has
// been read. So there is nothing to go back to.
bool matches_pattern(std::string_view pattern, std::string_view text)
{
    const auto tokens = tokens_of(pattern);
    std::vector<char> reached(tokens.size() + 1), next(tokens.size() + 1);
    auto skip_empty_runs = [&tokens](std::vector<char>& places) {
        for (std::size_t n = 0; n < tokens.size(); ++n)
            if (places[n] && tokens[n].kind != Token::Kind::character) places[n + 1] = 1;
    };
    reached[0] = 1;
    skip_empty_runs(reached);
    for (auto c : text) {
        next.assign(next.size(), 0);
        for (std::size_t n = 0; n < tokens.size(); ++n) {
            if (!reached[n]) continue;
            switch (tokens[n].kind) {
            case Token::Kind::character: next[n + 1] |= tokens[n].character == c; break;
            case Token::Kind::name: next[n] |= c != '/'; break;
            case Token::Kind::anything: next[n] = 1; break;
            }
        }
        skip_empty_runs(next);
        std::swap(reached, next);
    }
    return reached.back() != 0;
}

std::string_view cache_control(const std::vector<config::CacheRule>& rules, std::string_view file)
{
    const auto name = file.substr(file.rfind('/') + 1); // npos + 1 is 0
    for (const auto& [pattern, value] : rules) {
        const bool whole = pattern.starts_with('/');
        if (whole ? matches_pattern(std::string_view{pattern}.substr(1), file)
                  : matches_pattern(pattern, name))
            return value;
    }
    return {};
}

} // namespace portico::http
