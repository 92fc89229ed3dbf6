#include "services/mail/traits.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace portico::mail {
namespace {

constexpr int lacks = static_cast<int>(Trait::lacks_final_crlf);
constexpr int utf8 = static_cast<int>(Trait::utf8_header);

/// The same however the message is cut.
void expect_bits(std::string_view message, bool smtputf8, int bits)
{
    for (std::size_t cut = 0; cut <= message.size(); ++cut) {
        Traits traits{smtputf8};
        traits.add(message.substr(0, cut));
        traits.add(message.substr(cut));
        EXPECT_EQ(traits.bits(), bits) << message << " cut at " << cut;
    }
}

TEST(Traits, TheLastLineEnd)
{
    for (const bool smtputf8 : {false, true}) {
        for (const auto* whole : {"", "\r\n", "x\r\n", "x\r\n\r\n"})
            expect_bits(whole, smtputf8, 0);
        for (const auto* cut : {"x", "\n", "\r", "x\r", "x\n", "x\r\ny", "\n\r", "x\r\n\n"})
            expect_bits(cut, smtputf8, lacks);
    }
}

TEST(Traits, Utf8InAHeader)
{
    rule("6856", "2.1", "a message is UTF-8 if it came with SMTPUTF8 and its header needs that");
    expect_bits("Subject: \u00fc\r\n\r\ntext\r\n", true, utf8);
    expect_bits("Subject: \u00fc\r\n\r\ntext\r\n", false, 0);
    expect_bits("Subject: u\r\n\r\n\u00fc\r\n", true, 0);
    expect_bits("\r\n\u00fc: not a header\r\n", true, 0);
    expect_bits("Subject: u\r\n \u00fc\r\n\r\n", true, utf8);
    expect_bits("Subject: u\r\nTo: \u00fc", true, utf8 | lacks);
}

TEST(Traits, Utf8InThePartsHeaders)
{
    rule("6856", "2.1", "the headers of a message's parts count as its header does");
    const std::string start = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
    expect_bits(start + "--b\r\nContent-Disposition: attachment; filename=\u00fc\r\n\r\n", true,
                utf8);
    expect_bits(start + "--b\r\nA: x\r\n \u00fc\r\n\r\n", true, utf8);
    expect_bits(start + "--b\r\nA: x\r\n\r\n\u00fc\r\n--b\r\nB: \u00fc\r\n", true, utf8);
    expect_bits(start + "--b\r\nA: x\r\n\r\n\u00fc\r\n--b--\r\n", true, 0);
    expect_bits(start + "--b\r\n\r\nB: \u00fc\r\n--b--\r\n", true, 0); // a part without a header
    expect_bits("\r\nGreetings\r\n-- \r\nJ\u00f6rg: \u00fc\r\n", true, 0); // a signature
    expect_bits("\r\n--\r\n\u00fcber: x\r\nB: \u00fc\r\n", true, 0);
    expect_bits("\r\n--x\r\ntext: said he\r\nand \u00fc\r\n", true, 0);
}

} // namespace
} // namespace portico::mail
