#include "services/http/gzip.hpp"
#include "tests/http/gunzip.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <random>
#include <string>
namespace portico::http {

namespace {

using test::gunzip;

// Octets that shrink as text does, or not at all.
std::string octets(std::size_t count, unsigned values)
{
    std::mt19937 random{42};
    std::string made(count, '\0');
    for (auto& octet : made) octet = static_cast<char>(random() % values);
    return made;
}

std::string in_pieces(const std::string& bytes, std::size_t piece, Effort effort)
{
    Gzip stream{effort};
    std::string out;
    for (std::size_t done = 0; done < bytes.size(); done += piece)
        out += stream.add(std::string_view{bytes}.substr(done, piece));
    return out + stream.end();
}

} // namespace

TEST(HttpGzip, GivesBackWhatWentIn)
{
    rule("1952", "2.2", "a gzip member: no name, no time, checksum and length at its end");
    const std::string cases[] = {
        "",
        "a",
        std::string(1'000'000, 'x'),
        octets(5'000, 20),
        octets(300'000, 4),
        octets(300'000, 256),
    };
    for (const auto& bytes : cases) {
        for (auto effort : {Effort::quick, Effort::thorough}) {
            SCOPED_TRACE(bytes.size());
            const auto file = gzip(bytes, effort);
            EXPECT_EQ(gunzip(file), bytes);
            ASSERT_GE(file.size(), 18U);
            EXPECT_EQ(file.substr(0, 8), std::string("\x1f\x8b\x08\0\0\0\0\0", 8)); // MTIME 0
            EXPECT_LE(file.size(), bytes.size() + bytes.size() / 1000 + 64);
        }
    }
    EXPECT_LT(gzip(octets(300'000, 4)).size(), 100'000U);
}

TEST(HttpGzip, IsTheSameHoweverItIsCut)
{
    const auto bytes = octets(200'000, 9);
    for (auto effort : {Effort::quick, Effort::thorough}) {
        const auto whole = gzip(bytes, effort);
        for (std::size_t piece : {1U, 7U, 1'000U, 65'536U, 199'999U})
            EXPECT_EQ(in_pieces(bytes, piece, effort), whole) << piece;
    }
}

TEST(HttpGzip, HoldsLittleBack)
{
    const auto piece = octets(50'000, 256); // what does not shrink
    Gzip stream{Effort::quick};
    std::size_t in = 0, out = 0, longest = 0;
    for (int i = 0; i < 40; ++i) {
        const auto bytes = stream.add(piece);
        in += piece.size();
        out += bytes.size();
        longest = std::max(longest, bytes.size());
        EXPECT_GE(out + (64 << 10), in);
    }
    EXPECT_LE(longest, piece.size() + (65 << 10));
    EXPECT_LE(stream.end().size(), std::size_t{65 << 10});
}

TEST(HttpGzip, ItsNameTellsWhatItDependsOn)
{
    EXPECT_EQ(gzip_name(Effort::thorough), std::string{"gzip-"} + ::zlibVersion() + "-6");
    EXPECT_NE(gzip_name(Effort::quick), gzip_name(Effort::thorough));
}

} // namespace portico::http
