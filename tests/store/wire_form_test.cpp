#include "services/store/wire_form.hpp"

#include <gtest/gtest.h>

namespace portico::store {
namespace {

std::string wire_form_of(std::string_view file)
{
    std::string whole;
    WireForm form;
    form.add(file, whole);
    form.finish(whole);
    std::string out;
    WireForm by_octets;
    for (std::size_t i = 0; i < file.size(); ++i) by_octets.add(file.substr(i, 1), out);
    by_octets.finish(out);
    EXPECT_EQ(out, whole);
    return whole;
}

TEST(WireForm, AFileInWireFormIsTakenAsItIs)
{
    for (const auto* file : {"", "\r\n", "a\r\nb\r\n", "a\r\nb", "a\r\nb\nc\rd\r\n", "a", "a\r"})
        EXPECT_EQ(wire_form_of(file), file);
}

TEST(WireForm, ATextOfThisSystemIsBroughtIntoIt)
{
    EXPECT_EQ(wire_form_of("a\nb\n"), "a\r\nb\r\n");
    EXPECT_EQ(wire_form_of("a\nb\r\nc\rd\n\n"), "a\r\nb\r\nc\rd\r\n\r\n");
    EXPECT_EQ(wire_form_of("\na"), "\r\na\r\n");
}

TEST(ReversePath, IsTheFirstFields)
{
    EXPECT_EQ(reverse_path_of("Return-Path: <ana@example.net>\r\nX: <y>\r\n"), "ana@example.net");
    EXPECT_EQ(reverse_path_of("return-path:<\"a>b\"@x>\n"), "\"a>b\"@x");
    for (const auto* head : {"", "Return-Path: <>\r\n", "Return-Path: none\r\nX: <y>\r\n",
                             "X: y\r\nReturn-Path: <a@b>\r\n", "Return-Path: >a<\r\n"})
        EXPECT_EQ(reverse_path_of(head), "") << head;
}

TEST(FileName, OfAMailbox)
{
    const std::pair<std::string, std::string> cases[] = {{"ana@example.test", "ana@example.test"},
                                                         {"a/b%c@x", "a%2Fb%25c@x"},
                                                         {"..", "%2E."},
                                                         {"\"a b\"@x", "\"a%20b\"@x"},
                                                         {"grüße@x", "grüße@x"},
                                                         {"", ""}};
    for (const auto& [mailbox, file] : cases) {
        EXPECT_EQ(file_name_of(mailbox), file);
        EXPECT_EQ(mailbox_of_file_name(file), mailbox);
    }
    EXPECT_EQ(mailbox_of_file_name("100%"), "100%");
    EXPECT_EQ(mailbox_of_file_name("%zz%4"), "%zz%4");
}

} // namespace
} // namespace portico::store
