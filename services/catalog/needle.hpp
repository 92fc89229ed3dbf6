#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace portico::catalog {

/// Finds one text in many octets. Fast where it is seldom there: it looks for the two octets of it
/// that texts have least, 32 places at a time, and compares the rest only where both are.
class Needle {
public:
    static constexpr std::size_t npos = std::string_view::npos;

    /// `text` is not empty.
    explicit Needle(std::string text);

    /// The first place in `octets` from `from` on, or npos.
    std::size_t find(std::string_view octets, std::size_t from = 0) const;
    bool is_in(std::string_view octets) const { return find(octets) != npos; }
    const std::string& text() const { return text_; }

private:
    bool is_at(const char* place) const;

    std::string text_;
    std::size_t rarest_ = 0, second_ = 0; // where in the text
};

} // namespace portico::catalog
