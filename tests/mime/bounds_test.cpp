// Whatever comes: a little stack, time that goes with the size (a test that is quadratic does not
// end within CTest's limit), and texts that are UTF-8.

#include "services/mime/message.hpp"
#include "services/mime/utf8.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <pthread.h>
#include <string>

namespace portico::mime {

namespace {

/// On a stack that no recursion along the input would survive.
void on_a_small_stack(const std::function<void()>& work)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    ASSERT_EQ(pthread_attr_setstacksize(&attributes, 128 << 10), 0);
    pthread_t thread{};
    const auto run = [](void* argument) -> void* {
        (*static_cast<const std::function<void()>*>(argument))();
        return nullptr;
    };
    ASSERT_EQ(pthread_create(&thread, &attributes, run, const_cast<std::function<void()>*>(&work)),
              0);
    pthread_join(thread, nullptr);
    pthread_attr_destroy(&attributes);
}

std::string repeated(std::string_view text, std::size_t times)
{
    std::string result;
    result.reserve(text.size() * times);
    for (std::size_t i = 0; i < times; ++i) result += text;
    return result;
}

void check(const std::vector<Part>& parts)
{
    for (const auto& part : parts) {
        EXPECT_TRUE(is_utf8(part.file_name));
        EXPECT_FALSE(part.file_name.empty());
        EXPECT_EQ(part.checksums.sha256.size(), 64U);
    }
}

Message sane(std::string_view source)
{
    Message message;
    on_a_small_stack([&] { message = parse(source); });
    for (const auto* text : {&message.subject, &message.text, &message.html, &message.message_id,
                             &message.from.name, &message.from.address})
        EXPECT_TRUE(is_utf8(*text));
    for (const auto& field : message.fields) EXPECT_TRUE(is_utf8(field.value));
    check(message.inlines);
    check(message.attachments);
    return message;
}

std::string nested(std::size_t depth)
{
    std::string source;
    for (std::size_t i = 0; i < depth; ++i) {
        const auto boundary = "b" + std::to_string(i);
        source += "Content-Type: multipart/mixed; boundary=" + boundary + "\r\n\r\n--" + boundary +
                  "\r\n";
    }
    return source + "\r\nthe innermost\r\n";
}

} // namespace

TEST(MimeBounds, DeepNestingEndsInOnePart)
{
    const auto source = nested(1000) + repeated("--x\r\n", 5'000);
    const auto structure = split(source);
    EXPECT_EQ(structure.nodes.size(), 101U);
    EXPECT_FALSE(structure.nodes.back().is_multipart);
    EXPECT_NE(structure.nodes.back().body.find("the innermost"), std::string_view::npos);
    sane(source);
    EXPECT_EQ(split(source, {.depth = 2000}).nodes.size(), 1001U);
}

TEST(MimeBounds, ManyPartsEndInOnePart)
{
    const auto head = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
    const auto source =
        head + repeated("--b\r\nContent-Disposition: attachment; filename=a\r\n\r\nx\r\n", 20'000);
    const auto structure = split(source);
    EXPECT_EQ(structure.nodes.size(), 10'000U);
    EXPECT_GT(structure.nodes.back().body.size(), 500'000U);
    EXPECT_EQ(sane(source).attachments.size(), 9'999U);
    // Also if the last one is a multipart itself.
    const auto inner =
        split(head + repeated("--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n", 20'000),
              {.parts = 50, .depth = 1000});
    EXPECT_EQ(inner.nodes.size(), 50U);
}

TEST(MimeBounds, ManyAddresses)
{
    EXPECT_EQ(sane("To: " + repeated("Ana <a@x.org>, ", 100'000) + "\r\n\r\n").to.size(), 100'000U);
    sane("To: " + repeated("(", 50'000) + "\r\n\r\n");
    sane("To: " + repeated("\"", 50'000) + "\r\n\r\n");
    sane("To: " + repeated("<", 50'000) + "\r\n\r\n");
    sane("To: " + repeated("<\"", 50'000) + "\r\n\r\n");
    sane("To: " + repeated("a:", 50'000) + "\r\n\r\n");
    sane("To: " + repeated("a(b)", 50'000) + "\r\n\r\n");
}

TEST(MimeBounds, LongHeaders)
{
    EXPECT_EQ(sane("Subject: " + std::string(1 << 20, 'x') + "\r\n\r\n").subject.size(), 1U << 20);
    sane("Subject: x" + repeated("\r\n y", 50'000) + "\r\n\r\n");
    EXPECT_EQ(sane(repeated("A: b\r\n", 50'000)).fields.size(), 50'000U);
    sane("Subject: " + repeated("=?utf-8?Q?a", 20'000) + "\r\n\r\n");
    sane("Subject: " + repeated("=?utf-8?Q?a", 20'000) + "?=\r\n\r\n");
    sane("Subject: " + repeated("=?utf-8?Q?a?= ", 10'000) + "\r\n\r\n");
    sane("Subject: " + repeated("?= =?", 50'000) + "\r\n\r\n");
    sane("Date: " + repeated("(", 50'000) + "\r\n\r\n");
    sane("List-Unsubscribe: " + repeated("<", 50'000) + "\r\n\r\n");
    sane("List-Unsubscribe: " + repeated("<>", 50'000) + "\r\n\r\n");
}

TEST(MimeBounds, ManyParameters)
{
    std::string pieces = "Content-Disposition: attachment";
    for (int i = 9'999; i >= 0; --i) pieces += "; filename*" + std::to_string(i) + "*=%41";
    const auto message = sane(pieces + "\r\n\r\nx");
    ASSERT_EQ(message.attachments.size(), 1U);
    EXPECT_EQ(message.attachments.front().file_name, std::string(10'000, 'A'));
    sane("Content-Type: " + repeated(";a=b", 50'000) + "\r\n\r\n");
    sane("Content-Type: a/b; " + repeated("x*0*=a;", 20'000) + "\r\n\r\n");
    sane("Content-Type: a/b; n=\"" + repeated("\\", 50'000) + "\r\n\r\n");
}

TEST(MimeBounds, HostileHtml)
{
    const std::string head = "Content-Type: text/html\r\n\r\n";
    for (auto html :
         {"<", "</", "<a", "<a ", "<a href=\"", "<!--", "<div>", "</div>", "<a href=x>", "<script>",
          "&", "&#", "&amp", "<pre>", "<noscript>", "<head>", "</script", "\xC2\xA0"})
        sane(head + repeated(html, 10'000));
}

TEST(MimeBounds, TheCorpusIsReadWhole)
{
    const auto* named = std::getenv("PORTICO_CORPUS");
    const std::filesystem::path folder =
        named != nullptr ? named : PORTICO_SOURCE_DIR "/../shared/corpus";
    if (!std::filesystem::is_directory(folder)) GTEST_SKIP() << "no corpus beside the checkout";
    std::size_t messages = 0;
    for (const auto& file : std::filesystem::directory_iterator{folder}) {
        if (file.path().extension() != ".eml") continue;
        SCOPED_TRACE(file.path().filename());
        std::ifstream in{file.path(), std::ios::binary};
        const std::string source{std::istreambuf_iterator<char>{in}, {}};
        const auto message = sane(source);
        EXPECT_FALSE(message.fields.empty());
        for (const auto* parts : {&message.inlines, &message.attachments})
            for (const auto& listed : *parts)
                EXPECT_EQ(part(source, listed.id)->octets.size(), listed.size);
        ++messages;
    }
    EXPECT_GT(messages, 50U);
}

} // namespace portico::mime
