#include "services/console/access.hpp"
#include "services/console/v1_pages.hpp"
#include "services/console/v1_view.hpp"

#include <gtest/gtest.h>

#include <string>

namespace portico::console {

TEST(V1View, CidUrlsBecomeParts)
{
    mime::Message message;
    message.inlines = {
        {.id = "2", .file_name = "a", .content_type = "image/gif", .content_id = "Logo+1@x"}};
    const auto rewritten = [&](std::string html) {
        message.html = std::move(html);
        return with_parts(message, "/p/");
    };
    EXPECT_EQ(rewritten("<IMG src=\"cid:logo+1@X\">"), "<IMG src=\"/p/2\">");
    EXPECT_EQ(rewritten("<img src=cid:logo%2b1@x alt=1>"), "<img src=/p/2 alt=1>");
    EXPECT_EQ(rewritten("<img src='&#99;id:logo+1@x'>"), "<img src='/p/2'>");
    for (const auto* same :
         {"<img src=\"cid:other@x\">", "cid:logo+1@x", "<!-- <img src=\"cid:logo+1@x\"> -->",
          "<style>a{b:url(cid:logo+1@x)}</style>", "<p", ""})
        EXPECT_EQ(rewritten(same), same);
}

TEST(V1View, ForAFrame)
{
    const auto framed =
        for_frame("<body><a href=\"/x\" target=_self rel='y' title='\"'>l</a></body></html>", "N");
    EXPECT_TRUE(framed.starts_with(
        "<body><a href=\"/x\" title='\"' target=\"_blank\" rel=\"noreferrer noopener\">l</a>"
        "<script nonce=\"N\">"))
        << framed;
    EXPECT_TRUE(framed.ends_with("</script></body></html>"));
    EXPECT_TRUE(for_frame("no body", "N").ends_with("</script>"));
}

TEST(V1View, ScriptsOfMailNeverRun)
{
    EXPECT_EQ(view_fields("").find("script"), std::string::npos);
    EXPECT_NE(view_fields("").find("Content-Security-Policy: sandbox "), std::string::npos);
    EXPECT_EQ(view_fields("N").find("allow-same-origin"), std::string::npos);
    EXPECT_NE(view_fields("N").find("script-src 'nonce-N'"), std::string::npos);
}

TEST(V1View, PartsRunNothing)
{
    for (const auto* type :
         {"text/html", "image/svg+xml", "text/xml", "application/xhtml+xml", "x/y"})
        EXPECT_NE(part_fields(type, "").find("Content-Security-Policy: sandbox; "),
                  std::string::npos)
            << type;
    EXPECT_EQ(part_type("text/html\r\nX: y"), "application/octet-stream");
    EXPECT_EQ(part_type("image/png"), "image/png");
    EXPECT_NE(
        part_fields("image/png", "a \"ü\"\r\n").find("filename=\"a%20%22%C3%BC%22%0D%0A\"\r\n"),
        std::string::npos);
}

TEST(V1View, PagesEscape)
{
    Entry entry;
    entry.arrival.id = "0123456789abcdefghijkl";
    entry.subject = "<script>";
    entry.from = {"\"><b>", "a@x"};
    mime::Message message;
    message.text = "</pre><script>";
    message.attachments = {
        {.id = "1", .file_name = "<i>", .content_type = "a/b", .content_id = ""}};
    for (const auto& page : {message_page(entry, message, ""), list_page("<u>", {entry}, "")}) {
        EXPECT_EQ(page.find("<script"), std::string::npos);
        EXPECT_EQ(page.find("<b>"), std::string::npos);
        EXPECT_EQ(page.find("<i>"), std::string::npos);
        EXPECT_EQ(page.find("<u>"), std::string::npos);
    }
}

TEST(V1View, TheBlankPictureIsAJpeg)
{
    EXPECT_TRUE(blank_picture().starts_with("\xff\xd8\xff"));
    EXPECT_TRUE(blank_picture().ends_with("\xff\xd9"));
}

} // namespace portico::console
