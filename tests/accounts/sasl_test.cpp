#include "services/accounts/sasl.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace portico::accounts {
namespace {

TEST(Mechanisms, HaveNames)
{
    rule("4422", "3.1", "mechanism names, in any case");
    for (auto mechanism : {Mechanism::plain, Mechanism::login, Mechanism::cram_md5,
                           Mechanism::scram_sha_256, Mechanism::scram_sha_256_plus})
        EXPECT_EQ(mechanism_named(name_of(mechanism)), mechanism);
    EXPECT_EQ(name_of(Mechanism::scram_sha_256_plus), "SCRAM-SHA-256-PLUS");
    EXPECT_EQ(mechanism_named("scram-Sha-256"), Mechanism::scram_sha_256);
    EXPECT_EQ(mechanism_named("plain"), Mechanism::plain);
    for (auto name : {"", "PLAI", "PLAIN ", "SCRAM-SHA-1", "DIGEST-MD5", "SCRAM_SHA_256", "*"})
        EXPECT_FALSE(mechanism_named(name)) << name;
}

TEST(Offers, FollowTheirRules)
{
    rule("4954", "4", "plain text only under TLS, or where it is allowed");
    rule("5802", "6", "-PLUS only where there is a channel to bind to");
    using enum Mechanism;
    const std::vector<Mechanism> none;
    const std::vector<Mechanism> plain_text{plain, login};
    const std::vector<Mechanism> digests{scram_sha_256, cram_md5};
    const std::vector<Mechanism> all{scram_sha_256_plus, scram_sha_256, cram_md5, plain, login};
    const std::vector<Mechanism> but_plus{scram_sha_256, cram_md5, plain, login};
    struct Case {
        OfferRules rules; // known, secrets, plaintext, tls, channel_binding
        Offer offer;
    };
    const Case cases[] = {
        {{false, false, false, false, false}, {none, false, false}},
        {{false, false, true, false, false}, {plain_text, true, false}},
        {{false, false, false, true, true}, {plain_text, true, false}},
        {{false, true, true, true, true}, {plain_text, true, false}}, // mode any
        {{true, false, false, false, false}, {none, false, false}},
        {{true, false, true, false, false}, {plain_text, true, false}},
        {{true, false, false, true, true}, {plain_text, true, false}},
        {{true, true, false, false, false}, {digests, false, true}},
        {{true, true, true, false, false}, {but_plus, true, true}},
        {{true, true, false, true, false}, {but_plus, true, true}},
        {{true, true, false, true, true}, {all, true, true}},
        {{true, true, false, false, true}, {digests, false, true}}, // no TLS, nothing to bind to
    };
    for (const auto& [rules, offer] : cases) EXPECT_EQ(offer_of(rules), offer);
    EXPECT_TRUE(Offer({all, true, true}).has(login));
    EXPECT_FALSE(Offer({digests, false, true}).has(plain));
}

} // namespace
} // namespace portico::accounts
