#include "services/store/tar.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace portico::store {
namespace {

constexpr std::uint64_t eight_gib = std::uint64_t{8} << 30;

std::string_view field(const std::string& header, std::size_t offset, std::size_t length)
{
    return std::string_view{header}.substr(offset, length);
}

TEST(Tar, AHeaderIsOneBlockOfTextFields)
{
    const auto header = tar_header({"mail.db", 4096, 0640, 1000, 100, 1'700'000'000});
    ASSERT_EQ(header.size(), 512u);
    EXPECT_STREQ(header.c_str(), "mail.db");
    EXPECT_EQ(field(header, 100, 8), (std::string_view{"0000640\0", 8}));
    EXPECT_EQ(field(header, 108, 8), (std::string_view{"0001750\0", 8}));
    EXPECT_EQ(field(header, 116, 8), (std::string_view{"0000144\0", 8}));
    EXPECT_EQ(field(header, 124, 12), (std::string_view{"00000010000\0", 12}));
    EXPECT_EQ(field(header, 136, 12), (std::string_view{"14524770400\0", 12}));
    EXPECT_EQ(header[156], '0');
    EXPECT_EQ(field(header, 257, 8), (std::string_view{"ustar\0"
                                                       "00",
                                                       8}));
}

TEST(Tar, TheChecksumCountsItselfAsSpaces)
{
    const auto header = tar_header({"bodies/", 0, 0700, 0, 0, 0});
    unsigned sum = 0;
    for (std::size_t i = 0; i < header.size(); ++i)
        sum += i >= 148 && i < 156 ? unsigned{' '} : static_cast<unsigned char>(header[i]);
    EXPECT_EQ(std::stoul(header.substr(148, 6), nullptr, 8), sum);
    EXPECT_EQ(field(header, 154, 2), (std::string_view{"\0 ", 2}));
    EXPECT_EQ(header[156], '5') << "a name that ends in a slash is a folder";
}

TEST(Tar, TheLargestSizeWithoutAnExtendedHeader)
{
    const auto header = tar_header({"mail.db", eight_gib - 1, 0600, 0, 0, 0});
    ASSERT_EQ(header.size(), 512u);
    EXPECT_EQ(field(header, 124, 12), (std::string_view{"77777777777\0", 12}));
}

TEST(Tar, ALargerOneStandsInAnExtendedHeader)
{
    const auto header = tar_header({"mail.db", eight_gib, 0600, 0, 0, 0});
    ASSERT_EQ(header.size(), 3u * 512);
    EXPECT_EQ(header[156], 'x');
    EXPECT_EQ(std::stoul(header.substr(124, 11), nullptr, 8), 19u);
    EXPECT_STREQ(header.c_str() + 512, "19 size=8589934592\n");
    EXPECT_STREQ(header.c_str() + 1024, "mail.db");
}

TEST(Tar, ALargeUserIdStandsThereToo) // directories of companies have such
{
    const auto header = tar_header({"mail.db", 1, 0600, 1'234'567'890, 2'097'151, 0});
    ASSERT_EQ(header.size(), 3u * 512);
    EXPECT_STREQ(header.c_str() + 512, "18 uid=1234567890\n");
    EXPECT_EQ(field(header, 1024 + 116, 8), (std::string_view{"7777777\0", 8}));
}

TEST(Tar, EntriesAreFilledUpToWholeBlocks)
{
    EXPECT_EQ(tar_padding(0), 0u);
    EXPECT_EQ(tar_padding(1), 511u);
    EXPECT_EQ(tar_padding(512), 0u);
    EXPECT_EQ(tar_padding(513), 511u);
    EXPECT_EQ(tar_end(), std::string(1024, '\0'));
}

TEST(Tar, ANameThatDoesNotFitIsOurMistake)
{
    EXPECT_THROW((void)tar_header({std::string(101, 'x')}), std::length_error);
}

} // namespace
} // namespace portico::store
