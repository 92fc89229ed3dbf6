#include "services/mime/html.hpp"
#include "services/mime/html_text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace portico::mime {

namespace {

/// "text|<a>|</a>", attributes with their values as they stand.
std::string tokens(std::string_view html)
{
    std::string all;
    for (Html tokens{html}; tokens.next();) {
        if (!all.empty()) all += '|';
        switch (tokens.kind()) {
        case Html::Kind::text: all += tokens.text(); break;
        case Html::Kind::raw_text: all += "[" + std::string{tokens.text()} + "]"; break;
        case Html::Kind::start: all += "<" + tokens.name(); break;
        case Html::Kind::end: all += "</" + tokens.name(); break;
        }
        for (const auto& attribute : tokens.attributes())
            all += " " + std::string{attribute.name} + "=" + std::string{attribute.value};
    }
    return all;
}

} // namespace

TEST(MimeHtml, IsCutAsBrowsersDo)
{
    const struct {
        std::string html, tokens;
    } cases[] = {
        {"a<b>c</b>", "a|<b|c|</b"},
        {"<A HREF='x' Title=\"y>z\" id=q disabled>", "<a HREF=x Title=y>z id=q disabled="},
        {"<br/>", "<br"},
        {"<a b = c>", "<a b=c"},
        {"a < b", "a |< b"},
        {"a <3", "a |<3"},
        {"<!-- <b> -->c", "c"},
        {"<!-->c", "c"},
        {"<!--->c", "c"},
        {"<!-- open", ""},
        {"<!doctype html><?xml?></ >x", "x"},
        {"<script>a<b>c</scripts></SCRIPT >d", "<script|[a<b>c</scripts>]|</script|d"},
        {"<style></style>x", "<style|</style|x"},
        {"<title>open", "<title|[open]"},
        {"<script", "<script"},
        {"<b", "<b"},
        {"<a href=\"open", "<a href=open"},
        {"<", "<"},
        {"</", "</"},
        {"", ""},
        {"<a =b>", "<a =b="},
    };
    for (const auto& c : cases) EXPECT_EQ(tokens(c.html), c.tokens) << c.html;
}

TEST(MimeHtml, References)
{
    const struct {
        std::string text, decoded;
    } cases[] = {
        {"a &amp; b", "a & b"},
        {"&lt;&gt;&quot;&apos;", "<>\"'"},
        {"&eacute;&Eacute;&euro;", "éÉ€"},
        {"&#233;&#xE9;&#XE9;&#128512;", "ééé😀"},
        {"&#150;", "–"}, // windows-1252 is meant
        {"&#0;&#xD800;&#x110000;&#99999999999;",
         "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"&copy 1", "© 1"},
        {"x?a=1&copy=2", "x?a=1&copy=2"},
        {"&unknown;", "&unknown;"},
        {"& &; &# &#x; &#; &", "& &; &# &#x; &#; &"},
    };
    for (const auto& c : cases) EXPECT_EQ(decode_references(c.text), c.decoded) << c.text;
}

TEST(MimeHtml, AsText)
{
    const struct {
        std::string html, text;
    } cases[] = {
        {"<p>Hello <b>Ana</b>,</p><p>your code is 123456.</p>",
         "Hello Ana,\n\nyour code is 123456."},
        {"a<br>b<br/>c", "a\nb\nc"},
        {"<div>a</div><div>b</div>", "a\nb"},
        {"a\r\n  b&nbsp;c", "a b c"},
        {"<ul><li>one</li><li>two</li></ul>", "* one\n* two"},
        {"<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"},
        {"<a href=\"https://x.org/?a=1&amp;b=2\">Confirm</a>!",
         "Confirm ( https://x.org/?a=1&b=2 )!"},
        {"<a href='https://x.org'>https://x.org</a>", "https://x.org"},
        {"<a href='mailto:a@x.org'>a@x.org</a>", "a@x.org"},
        {"<a href='#top'>Top</a>", "Top"},
        {"<pre>a\r\n  b</pre>c", "a\n  b\n\nc"},
        {"<head><title>T</title><style>p{}</style></head><body>x<script>y</script></body>", "x"},
        {"<noscript>no</noscript>yes", "yes"},
        {"<head>x<p>y", "y"}, // a head that never ends
        {"", ""},
    };
    for (const auto& c : cases) EXPECT_EQ(html_to_text(c.html), c.text) << c.html;
}

TEST(MimeHtml, AsWords)
{
    EXPECT_EQ(html_to_words("<p>a</p><p>b <i>c</i>d</p>", true), "a b cd");
    EXPECT_EQ(html_to_words("<a href='https://x.org'>y</a>z", true), "y https://x.org z");
    EXPECT_EQ(html_to_words("<a href='https://x.org'>y</a>z", false), "yz");
}

TEST(MimeSnippet, IsTheFirstWords)
{
    EXPECT_EQ(snippet("<style>x</style><h1>Hi</h1>Ana", "text"), "Hi Ana");
    EXPECT_EQ(snippet("", "one\r\n\r\n  two\t three"), "one two three");
    EXPECT_EQ(snippet("<img src=x>", "text"), "text");
    EXPECT_EQ(snippet("", ""), "");
    EXPECT_EQ(snippet("", std::string(200, 'x')), std::string(200, 'x'));
    EXPECT_EQ(snippet("", std::string(201, 'x')), std::string(200, 'x') + "...");
    EXPECT_EQ(snippet("", std::string(199, 'x') + "é"), std::string(199, 'x') + "...");
    EXPECT_EQ(snippet("<p>" + std::string(300, 'y'), ""), std::string(200, 'y') + "...");
}

} // namespace portico::mime
