#include "services/http/listing.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace portico::http {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::sys_seconds time{784'111'777s}; // 1994-11-06 08:49:37

// What stands between `before` and `after` in a text, each time.
std::vector<std::string> between(const std::string& text, const std::string& before,
                                 const std::string& after)
{
    std::vector<std::string> found;
    for (auto start = text.find(before); start != text.npos; start = text.find(before, start)) {
        start += before.size();
        found.push_back(text.substr(start, text.find(after, start) - start));
    }
    return found;
}

std::string rows(const std::string& page)
{
    return between(page, "<tbody>", "</tbody>").at(0);
}

Entry file(std::string name)
{
    return {.name = std::move(name), .is_folder = false, .size = 1, .modified = time};
}

Entry folder(std::string name)
{
    return {.name = std::move(name), .is_folder = true, .size = 4096, .modified = time};
}

} // namespace

TEST(HttpListing, ShowsFoldersFirstThenByName)
{
    Listing listing{.entries = {file("b"), folder("z"), file("B"), file("a10"), folder("c")}};
    const auto page = listing_page("docs/", listing);
    const std::vector<std::string> links{"../", "c/", "z/", "B", "a10", "b"};
    EXPECT_EQ(between(rows(page), "href=\"", "\""), links);
    EXPECT_TRUE(rows(page).find("1994-11-06 08:49") != std::string::npos);
    EXPECT_EQ(page.find("4.0 KiB"), page.npos); // a folder's own size tells nothing
    EXPECT_EQ(page.find("<script"), page.npos);
}

TEST(HttpListing, LinksAndNamesMeanNothingElse)
{
    rule("3986", "4.2", "\"./\" before a name with a colon, which would be a scheme");
    struct {
        Entry entry;
        std::string link, text;
    } cases[] = {
        {file("a.txt"), "a.txt", "a.txt"},
        {folder("a b"), "a%20b/", "a b/"},
        {file("<b>&\"'"), "%3Cb%3E&amp;%22&#39;", "&lt;b&gt;&amp;&quot;&#39;"},
        {file("javascript:alert(1)"), "./javascript:alert(1)", "javascript:alert(1)"},
        {folder("a:b"), "./a:b/", "a:b/"},
        {file("?#%41"), "%3F%23%2541", "?#%41"},
        {file("..."), "...", "..."},
        {file("\\"), "%5C", "\\"},
        {file("{}"), "%7B%7D", "{}"},
        {file("ä"), "%C3%A4", "ä"},
        {file("😀"), "%F0%9F%98%80", "😀"},
        {file("\xe4!"), "%E4!", "\xef\xbf\xbd!"},                                    // Latin-1
        {file("\xed\xa0\x80"), "%ED%A0%80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, // a surrogate
        {file("\xc0\xaf"), "%C0%AF", "\xef\xbf\xbd\xef\xbf\xbd"},                    // overlong
        {file("a\xe2\x82"), "a%E2%82", "a\xef\xbf\xbd\xef\xbf\xbd"},                 // cut
        {file("a\nb\x7f"), "a%0Ab%7F",
         "a\xef\xbf\xbd"
         "b\xef\xbf\xbd"},
    };
    for (const auto& [entry, link, text] : cases) {
        const auto page = rows(listing_page("", {.entries = {entry}}));
        EXPECT_EQ(between(page, "href=\"", "\""), std::vector{link});
        EXPECT_EQ(between(page, "<bdi>", "</bdi>"), std::vector{text});
    }
}

TEST(HttpListing, TheWayUpIsLinked)
{
    auto heading = [](const std::string& folder) {
        return between(listing_page(folder, {}), "<h1>", "</h1>").at(0);
    };
    EXPECT_EQ(heading(""), "<a href=\"./\">/</a>");
    EXPECT_EQ(heading("a<b/c/"),
              "<a href=\"../../\">/</a><a href=\"../\"><bdi>a&lt;b</bdi></a><i>/</i>"
              "<a href=\"./\"><bdi>c</bdi></a><i>/</i>");
    EXPECT_EQ(between(listing_page("a<b/", {}), "<title>", "</title>").at(0), "/a&lt;b/");
    EXPECT_EQ(rows(listing_page("", {})).find("../"), std::string::npos); // nothing above the root
}

TEST(HttpListing, SaysWhenThereAreMore)
{
    EXPECT_NE(listing_page("", {.entries = {file("a")}, .more = true}).find("and more"),
              std::string::npos);
    EXPECT_EQ(listing_page("", {.entries = {file("a")}}).find("and more"), std::string::npos);
    EXPECT_NE(listing_page("", {}).find("This folder is empty."), std::string::npos);
}

TEST(HttpListing, SizesAreForPeople)
{
    struct {
        std::uint64_t octets;
        std::string text;
    } cases[] = {
        {0, "0 B"},
        {1023, "1023 B"},
        {1024, "1.0 KiB"},
        {1536, "1.5 KiB"},
        {10'188, "9.9 KiB"},
        {10'200, "10 KiB"},
        {1'048'575, "1024 KiB"},
        {1 << 20, "1.0 MiB"},
        {std::uint64_t{100} << 20, "100 MiB"},
        {std::uint64_t{3} << 30, "3.0 GiB"},
        {UINT64_MAX, "16 EiB"},
    };
    for (const auto& [octets, text] : cases) EXPECT_EQ(human_size(octets), text);
}

} // namespace portico::http
