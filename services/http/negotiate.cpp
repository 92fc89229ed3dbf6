#include "services/http/negotiate.hpp"

#include "services/http/parse.hpp"

#include <algorithm>
#include <array>

namespace portico::http {

namespace {

constexpr std::array codings{Coding::br, Coding::gzip, Coding::identity};

// RFC 9110 section 12.4.2, in thousandths; nothing if it is malformed.
std::optional<unsigned> parse_qvalue(std::string_view text)
{
    if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
    unsigned value = text[0] == '1' ? 1000 : 0;
    if (text.size() > 1 && text[1] != '.') return std::nullopt;
    unsigned unit = 100;
    for (auto c : text.substr(std::min<std::size_t>(2, text.size()))) {
        if (c < '0' || c > '9') return std::nullopt;
        value += static_cast<unsigned>(c - '0') * unit;
        unit /= 10;
    }
    return value <= 1000 ? std::optional{value} : std::nullopt;
}

// codings [ weight ], where weight = OWS ";" OWS "q=" qvalue. A malformed weight is not wanted.
unsigned weight_of(std::string_view member)
{
    const auto semicolon = member.find(';');
    if (semicolon == member.npos) return 1000;
    const auto weight = trim(member.substr(semicolon + 1));
    if (!weight.starts_with("q=") && !weight.starts_with("Q=")) return 0;
    return parse_qvalue(weight.substr(2)).value_or(0);
}

// Section 8.4.1.3: x-gzip is gzip.
bool is_named(std::string_view name, Coding coding)
{
    return equals_ignoring_case(name, to_string(coding)) ||
           (coding == Coding::gzip && equals_ignoring_case(name, "x-gzip"));
}

struct Wish {
    Coding coding;
    std::optional<unsigned> weight; // none: not mentioned
};

} // namespace

std::string_view to_string(Coding coding)
{
    switch (coding) {
    case Coding::br: return "br";
    case Coding::gzip: return "gzip";
    case Coding::identity: return "identity";
    }
    return "";
}

std::string_view suffix(Coding coding)
{
    switch (coding) {
    case Coding::br: return ".br";
    case Coding::gzip: return ".gz";
    case Coding::identity: return "";
    }
    return "";
}

std::vector<Coding> acceptable(std::optional<std::string_view> accept_encoding)
{
    if (!accept_encoding) return {Coding::identity};
    std::array<Wish, codings.size()> wishes{};
    std::ranges::transform(codings, wishes.begin(), [](Coding coding) { return Wish{coding, {}}; });
    std::optional<unsigned> any;
    each_member(*accept_encoding, [&](std::string_view member) {
        const auto name = trim(member.substr(0, member.find(';')));
        if (name == "*") any = weight_of(member);
        for (auto& wish : wishes)
            if (is_named(name, wish.coding)) wish.weight = weight_of(member);
    });
    std::vector<Wish> wanted;
    for (auto wish : wishes) {
        if (!wish.weight) wish.weight = any; // "*" is for what is not named
        // Identity is acceptable unless it is refused, but nobody has asked for it.
        const bool unasked = !wish.weight && wish.coding == Coding::identity;
        if (wish.weight.value_or(0) > 0 || unasked) wanted.push_back(wish);
    }
    std::ranges::stable_sort(wanted, std::ranges::greater{},
                             [](const Wish& wish) { return wish.weight.value_or(0); });
    std::vector<Coding> order;
    for (const auto& wish : wanted) order.push_back(wish.coding);
    return order;
}

bool is_compressible(std::string_view media_type)
{
    const auto type = media_type.substr(0, media_type.find(';'));
    if (type.starts_with("text/") || type.ends_with("+xml") || type.ends_with("+json")) return true;
    constexpr std::array others{
        std::string_view{"application/json"},
        std::string_view{"application/xml"},
        std::string_view{"application/wasm"},
        std::string_view{"application/yaml"},
        std::string_view{"application/toml"},
        std::string_view{"application/sql"},
        std::string_view{"application/rtf"},
        std::string_view{"application/postscript"},
        std::string_view{"application/vnd.apple.mpegurl"},
        std::string_view{"application/vnd.ms-fontobject"},
        std::string_view{"font/ttf"},
        std::string_view{"font/otf"},
        std::string_view{"image/bmp"},
        std::string_view{"image/vnd.microsoft.icon"},
    };
    return std::ranges::find(others, type) != others.end();
}

} // namespace portico::http
