#include "services/accounts/sasl.hpp"

#include <algorithm>
#include <array>

namespace portico::accounts {

namespace {

struct Named {
    Mechanism mechanism;
    std::string_view name;
};

// RFC 4422 section 3.1: upper-case letters, digits, hyphens and underscores.
constexpr std::array names{
    Named{Mechanism::scram_sha_256_plus, "SCRAM-SHA-256-PLUS"},
    Named{Mechanism::scram_sha_256, "SCRAM-SHA-256"},
    Named{Mechanism::cram_md5, "CRAM-MD5"},
    Named{Mechanism::plain, "PLAIN"},
    Named{Mechanism::login, "LOGIN"},
};

char upper(char c)
{
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

} // namespace

std::string_view name_of(Mechanism mechanism)
{
    return std::ranges::find(names, mechanism, &Named::mechanism)->name;
}

std::optional<Mechanism> mechanism_named(std::string_view name)
{
    auto same = [name](const Named& known) {
        return std::ranges::equal(known.name, name, {}, {}, upper);
    };
    const auto* found = std::ranges::find_if(names, same);
    if (found == names.end()) return std::nullopt;
    return found->mechanism;
}

bool Offer::has(Mechanism mechanism) const
{
    return std::ranges::find(mechanisms, mechanism) != mechanisms.end();
}

Offer offer_of(const OfferRules& rules)
{
    Offer offer;
    // Where any password is right there is none to compute a digest with.
    const bool digests = rules.known && rules.secrets;
    if (digests && rules.tls && rules.channel_binding)
        offer.mechanisms.push_back(Mechanism::scram_sha_256_plus);
    if (digests) {
        offer.mechanisms.push_back(Mechanism::scram_sha_256);
        offer.mechanisms.push_back(Mechanism::cram_md5);
        offer.apop = true;
    }
    if (rules.tls || rules.plaintext) {
        offer.mechanisms.push_back(Mechanism::plain);
        offer.mechanisms.push_back(Mechanism::login);
        offer.password = true;
    }
    return offer;
}

} // namespace portico::accounts
