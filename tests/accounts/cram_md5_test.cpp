#include "tests/accounts/step.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace portico::accounts {
namespace {

using namespace std::literals;
using tests::text_of;

const std::string challenge = "<1896.697170952@postoffice.reston.mci.net>";
constexpr std::string_view response = "tim b913a602c7eda7a495b4e6e7334d3890";

SaslServer asked()
{
    SaslServer server{Mechanism::cram_md5, {challenge, {}, false, {}}};
    EXPECT_EQ(text_of(server.respond(std::nullopt)), "challenge " + challenge);
    return server;
}

TEST(CramMd5, TheExample)
{
    rule("2195", "2", "the example");
    auto server = asked();
    EXPECT_EQ(text_of(server.respond(std::string{response})), "secret of tim");
    EXPECT_EQ(text_of(server.secret("tanstaaftanstaaf", true)), "proven tim");
    EXPECT_EQ(text_of(server.respond("")), "malformed") << "it is over";
}

TEST(CramMd5, OtherSecretsAreWrong)
{
    for (auto secret : {""sv, "tanstaaf"sv, "tanstaaftanstaaf "sv, "Tanstaaftanstaaf"sv}) {
        auto server = asked();
        server.respond(std::string{response});
        EXPECT_EQ(text_of(server.secret(secret, true)), "wrong");
    }
}

TEST(CramMd5, AnUnknownUserGoesTheSameWay)
{
    auto server = asked();
    EXPECT_EQ(text_of(server.respond(std::string{response})), "secret of tim");
    EXPECT_EQ(text_of(server.secret("tanstaaftanstaaf", false)), "wrong")
        << "even with what we compared with";
}

TEST(CramMd5, NoInitialResponse)
{
    rule("4954", "4", "an initial response is refused where the server speaks first");
    SaslServer server{Mechanism::cram_md5, {challenge, {}, false, {}}};
    EXPECT_EQ(text_of(server.respond(std::string{response})), "malformed");
}

TEST(CramMd5, MalformedResponses)
{
    rule("2195", "2", "a user name, a space and 32 hexadecimal digits in lower case");
    for (auto text :
         {""sv, " "sv, "tim"sv, "tim "sv, "b913a602c7eda7a495b4e6e7334d3890"sv,
          "tim b913a602c7eda7a495b4e6e7334d389"sv, "tim b913a602c7eda7a495b4e6e7334d38900"sv,
          "tim B913A602C7EDA7A495B4E6E7334D3890"sv, "tim b913a602c7eda7a495b4e6e7334d3890 "sv,
          "tim b913a602c7eda7a495b4e6e7334d389g"sv, "tim\tb913a602c7eda7a495b4e6e7334d3890"sv}) {
        auto server = asked();
        EXPECT_EQ(text_of(server.respond(std::string{text})), "malformed") << text;
    }
    auto server = asked();
    EXPECT_EQ(text_of(server.respond(" b913a602c7eda7a495b4e6e7334d3890")), "wrong");
}

TEST(CramMd5, ANameMayHoldSpaces)
{
    auto server = asked();
    EXPECT_EQ(text_of(server.respond("tim the first b913a602c7eda7a495b4e6e7334d3890")),
              "secret of tim the first");
}

} // namespace
} // namespace portico::accounts
