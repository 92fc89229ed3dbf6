#include "services/inspect/form.hpp"
#include "tests/inspect/ask.hpp"
#include "tests/rule.hpp"

#include <gtest/gtest.h>

#include <string>

namespace portico::inspect {

namespace {

const std::string multipart = "multipart/form-data; boundary=b";

/// "a=1 file=(text/plain)content": the fields, then the files.
std::string told(const std::string& type, const std::string& content)
{
    const auto form = parse_form(type, content);
    if (!form) return std::string{describe(form.error())};
    if (!*form) return "no form";
    std::string text;
    for (const auto& [name, value] : (*form)->fields) text.append(name + "=" + value + " ");
    for (const auto& [name, kind, octets] : (*form)->files)
        text.append(name + "=(").append(kind).append(")").append(octets).append(" ");
    if (!text.empty()) text.pop_back();
    return text;
}

std::string part(const std::string& head, const std::string& content)
{
    return "--b\r\n" + head + "\r\n\r\n" + content + "\r\n";
}

std::string field(const std::string& name, const std::string& content)
{
    return part("Content-Disposition: form-data; name=\"" + name + "\"", content);
}

} // namespace

TEST(InspectForm, TakesMultipartApart)
{
    rule("7578", "4", "multipart/form-data: parts by boundary, names and types from their heads");
    const std::string file = "Content-Disposition: form-data; name=\"f\"; filename=\"x.txt\"";
    struct {
        std::string content, result;
    } cases[] = {
        {field("a", "1") + "--b--\r\n", "a=1"},
        {field("a", "1") + "--b--", "a=1"},
        {field("a", "1") + field("a", "2") + "--b--", "a=1 a=2"},
        {field("a", "") + "--b--", "a="},
        {field("a", "1\r\n2\r\n--c\r\n") + "--b--", "a=1\r\n2\r\n--c\r\n"},
        {"preamble\r\n" + field("a", "1") + "--b--\r\nepilogue", "a=1"},
        {"\r\n" + field("a", "1") + "--b--", "a=1"},
        {"--b--", ""},
        {part(file + "\r\nContent-Type: text/plain", "x") + "--b--", "f=(text/plain)x"},
        {part("content-type: a/b\r\nX-More: 1\r\n" + file, "") + field("a", "1") + "--b--",
         "a=1 f=(a/b)"},
        {part(file, std::string("\0\xff\r", 3)) + "--b--", std::string("f=()\0\xff\r", 7)},
        {part("Content-Disposition: FORM-DATA; NAME=a", "1") + "--b--", "a=1"},
        {"--b \t\r\n" + field("a", "1").substr(5) + "--b--", "a=1"},
    };
    for (const auto& [content, result] : cases) EXPECT_EQ(told(multipart, content), result);
}

TEST(InspectForm, RefusesWhatIsMalformed)
{
    const std::string wrong{describe(FormError::multipart)};
    for (const std::string& content :
         {std::string{}, std::string{"a=1"}, field("a", "1"), std::string{"--b"},
          std::string{"--b\r\n--b--"}, std::string{"--b\r\n\r\nx\r\n--b--"},
          std::string{"--bX\r\n\r\nx\r\n--b--"},
          part("Content-Disposition: form-data", "1") + "--b--",
          part("Content-Disposition: attachment; name=a", "1") + "--b--",
          part("no field", "1") + "--b--", part("Content-Type: text/plain", "1") + "--b--",
          part("X: " + std::string(9000, 'x') + "\r\nContent-Disposition: form-data; name=a", "1") +
              "--b--"})
        EXPECT_EQ(told(multipart, content), wrong) << content.substr(0, 100);
}

TEST(InspectForm, BoundsTheNumberOfFields)
{
    std::string many;
    for (std::size_t i = 0; i < http::most_names; ++i) many += field("a", "");
    EXPECT_TRUE(told(multipart, many + "--b--").starts_with("a= a="));
    const std::string wrong{describe(FormError::too_many_fields)};
    EXPECT_EQ(told(multipart, many + field("a", "") + "--b--"), wrong);
    std::string pairs(2 * http::most_names + 1, 'a');
    for (std::size_t i = 1; i < pairs.size(); i += 2) pairs[i] = '&';
    EXPECT_EQ(told("application/x-www-form-urlencoded", pairs), wrong);
}

TEST(InspectForm, WantsAProperBoundary)
{
    rule("2046", "5.1.1", "a boundary is 1 to 70 characters of a set, and does not end in a space");
    const std::string wrong{describe(FormError::boundary)};
    const auto with = [](const std::string& parameters) {
        return told("multipart/form-data" + parameters, "--b--");
    };
    EXPECT_EQ(with("; boundary=b"), "");
    EXPECT_EQ(with("; charset=utf-8;Boundary=\"b\""), "");
    EXPECT_EQ(with(""), wrong);
    EXPECT_EQ(with("; boundary="), wrong);
    EXPECT_EQ(with("; boundary=\"b \""), wrong);
    EXPECT_EQ(with("; boundary=\"b;\""), wrong);
    EXPECT_EQ(with("; boundary=" + std::string(71, 'b')), wrong);
    const std::string longest(70, 'b');
    EXPECT_EQ(told("multipart/form-data; boundary=" + longest, "--" + longest + "--"), "");
    EXPECT_EQ(told("multipart/mixed; boundary=b", "--b--"), "no form");
    EXPECT_EQ(told("", ""), "no form");
}

TEST(InspectForm, ReadsParameters)
{
    struct {
        std::string value;
        std::optional<std::string> name;
    } cases[] = {
        {"form-data; name=a", "a"},
        {"form-data; name=a ; x=y", "a"},
        {"form-data;name=\"a b\"", "a b"},
        {"form-data; x=y; NAME=\"a\"", "a"},
        {"form-data; x=\"; name=no\"; name=yes", "yes"},
        {R"(form-data; name="a\"b\\c\d")", "a\"b\\c\\d"},
        {"form-data; name=\"open", "open"},
        {"form-data; name=\"", ""},
        {"form-data; name=", ""},
        {"form-data; name", std::nullopt},
        {"form-data; name; name=b", "b"},
        {"form-data; filename=a", std::nullopt},
        {";;;=;name=a", "a"},
        {"name=a", std::nullopt},
        {"", std::nullopt},
    };
    for (const auto& [value, name] : cases) EXPECT_EQ(parameter(value, "name"), name) << value;
}

TEST(InspectForm, IsToldInJson)
{
    const auto file = [](const std::string& type, const std::string& content) {
        return part("Content-Disposition: form-data; name=f; filename=x" + type, content);
    };
    const auto content = field("a", "1") + file("", "text") +
                         file("\r\nContent-Type: image/png", "\xff") + file("", "\xfe") + "--b--";
    const auto json = test::parsed(test::ask({.method = "POST",
                                              .target = "/post",
                                              .fields = {{"Content-Type", multipart}},
                                              .content = content}));
    EXPECT_EQ(json["form"], Json({{"a", "1"}}));
    EXPECT_EQ(json["files"], Json({{"f",
                                    {"text", "data:image/png;base64,/w==",
                                     "data:application/octet-stream;base64,/g=="}}}));
    EXPECT_EQ(json["data"], "");
    EXPECT_TRUE(json["json"].is_null());
    const auto bad = test::ask({.method = "POST",
                                .target = "/post",
                                .fields = {{"Content-Type", multipart}},
                                .content = "x"});
    EXPECT_EQ(test::code(bad), 400U);
    EXPECT_EQ(bad.content, "the multipart/form-data is malformed\n");
}

} // namespace portico::inspect
