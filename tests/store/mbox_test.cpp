#include "services/store/mbox.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace portico::store {
namespace {

using namespace std::chrono_literals;

const std::chrono::system_clock::time_point noon = std::chrono::sys_days{2026y / 11 / 4} + 12h;

struct Read {
    FromLine line;
    std::string text;
    bool ended = false;
};

class Kept final : public MboxSink {
public:
    void begin(const FromLine& line) override { read.push_back({line, "", false}); }
    void append(std::string_view bytes) override { read.back().text += bytes; }
    void end() override { read.back().ended = true; }

    std::vector<Read> read;
};

/// The messages in `file`, handed over in pieces of `piece` octets.
std::vector<Read> messages_in(std::string_view file, std::size_t piece)
{
    Kept kept;
    MboxReader reader{kept};
    for (std::size_t at = 0; at < file.size(); at += piece) reader.add(file.substr(at, piece));
    reader.finish();
    if (reader.failed()) return {};
    for (const auto& one : kept.read) EXPECT_TRUE(one.ended);
    return kept.read;
}

std::vector<std::string> texts_in(std::string_view file)
{
    std::vector<std::string> texts;
    for (const auto& message : messages_in(file, file.size() + 1)) texts.push_back(message.text);
    for (std::size_t piece : {1, 2, 7}) {
        std::vector<std::string> again;
        for (const auto& message : messages_in(file, piece)) again.push_back(message.text);
        EXPECT_EQ(again, texts) << "in pieces of " << piece;
    }
    return texts;
}

std::string written(std::string_view message, std::size_t piece = 1000)
{
    LineCheck lines;
    for (std::size_t at = 0; at < message.size(); at += piece) lines.add(message.substr(at, piece));
    FromLine line{"ana@example.net", noon, !lines.holds()};
    auto file = to_line(line);
    MboxQuoting quoting{line.verbatim};
    for (std::size_t at = 0; at < message.size(); at += piece)
        quoting.add(message.substr(at, piece), file);
    quoting.end(file);
    return file;
}

TEST(FromLine, IsWrittenAsEveryProgramReadsIt)
{
    EXPECT_EQ(to_line({"ana@example.net", noon + 999ms}),
              "From ana@example.net Wed Nov  4 12:00:00 2026\n");
    EXPECT_EQ(to_line({"", noon}), "From MAILER-DAEMON Wed Nov  4 12:00:00 2026\n");
    EXPECT_EQ(to_line({"a@b", noon, true}), "From a@b Wed Nov  4 12:00:00 2026 verbatim\n");
}

TEST(FromLine, ComesBack)
{
    for (const FromLine& line : {FromLine{"ana@example.net", noon}, FromLine{"", noon},
                                 FromLine{"\"Mon Jan 1 x\"@example.net", noon, true},
                                 FromLine{"", std::chrono::sys_days{1970y / 1 / 1}}}) {
        const auto parsed = parse_from_line(to_line(line));
        ASSERT_TRUE(parsed) << to_line(line);
        EXPECT_EQ(parsed->reverse_path, line.reverse_path);
        EXPECT_EQ(parsed->received, line.received);
        EXPECT_EQ(parsed->verbatim, line.verbatim);
    }
}

TEST(FromLine, OfOtherPrograms)
{
    const struct {
        std::string_view line;
        std::string_view sender;
        std::chrono::system_clock::time_point received;
    } cases[] = {
        {"From - Wed Nov  4 12:00:00 2026", "", noon},                      // Mozilla
        {"From 14@xxx Wed Nov 04 12:00:00 +0000 2026\r\n", "14@xxx", noon}, // Google
        {"From ana Wed Nov  4 13:00:00 2026 +0100\n", "ana", noon},
        {"From ana Wed Nov  4 12:00:00 GMT 2026", "ana", noon},
        {"From ana  Wed Nov  4 12:00 2026", "ana", noon},
        {"From ana Wed Nov  4 12:00:00 2026 remote from host", "ana", noon}, // UUCP
    };
    for (const auto& one : cases) {
        const auto parsed = parse_from_line(one.line);
        ASSERT_TRUE(parsed) << one.line;
        EXPECT_EQ(parsed->reverse_path, one.sender) << one.line;
        EXPECT_EQ(parsed->received, one.received) << one.line;
    }
}

TEST(FromLine, WithoutADateIsText)
{
    for (const auto* line :
         {"", "From", "From ", "From here on", "From ana Wed Nov 4 12:00:00",
          "From ana Wed Nov 31 12:00:00 2026", "From ana Wed Foo 4 12:00:00 2026",
          "From ana Wed Nov 4 25:00:00 2026", "from ana Wed Nov  4 12:00:00 2026",
          "From: ana Wed Nov  4 12:00:00 2026"})
        EXPECT_FALSE(parse_from_line(line).has_value()) << line;
}

TEST(LineCheck, HoldsForLinesThatEndInCrLf)
{
    for (const auto* good : {"", "\r\n", "a\r\n", "a\r\n\r\nb\r\n"})
        for (std::size_t piece : {1, 2, 100}) {
            LineCheck check;
            const std::string_view text{good};
            for (std::size_t at = 0; at < text.size(); at += piece)
                check.add(text.substr(at, piece));
            EXPECT_TRUE(check.holds()) << good;
        }
    for (const auto* bad :
         {"a", "a\n", "\n", "\r", "a\r\nb", "a\rb\r\n", "a\r\r\n", "a\r\n\n", "a\r\nb\r"})
        for (std::size_t piece : {1, 2, 100}) {
            LineCheck check;
            const std::string_view text{bad};
            for (std::size_t at = 0; at < text.size(); at += piece)
                check.add(text.substr(at, piece));
            EXPECT_FALSE(check.holds()) << bad;
        }
}

TEST(Mbox, IsALinesFile)
{
    EXPECT_EQ(written("Subject: hello\r\n\r\nFrom here\r\n>From there\r\n> From\r\n"),
              "From ana@example.net Wed Nov  4 12:00:00 2026\n"
              "Subject: hello\n\n>From here\n>>From there\n> From\n\n");
}

TEST(Mbox, WhatIsNoSequenceOfLinesStandsThereAsItIs)
{
    EXPECT_EQ(written("Subject: a\r\n\r\nFrom b\nc"),
              "From ana@example.net Wed Nov  4 12:00:00 2026 verbatim\n"
              "Subject: a\r\n\r\n>From b\nc\n\n");
}

TEST(Mbox, EveryMessageComesBack)
{
    const std::vector<std::string> words{"From ",
                                         ">",
                                         ">>From ",
                                         "Fro",
                                         "\r\n",
                                         "\n",
                                         "\r",
                                         "\n\n",
                                         "x",
                                         "\r\n\r\n",
                                         " ",
                                         "From a Wed "
                                         "Nov  4 12:00:00 2026\r\n",
                                         std::string(1, '\0')};
    std::mt19937 random{1};
    std::vector<std::string> sent{""};
    std::string file = written("");
    for (int i = 0; i < 1000; ++i) {
        std::string message;
        for (auto left = random() % 8; left > 0; --left) message += words[random() % words.size()];
        file += written(message, 1 + random() % 5);
        sent.push_back(std::move(message));
    }
    EXPECT_EQ(texts_in(file), sent);
}

TEST(Mbox, OfOtherPrograms)
{
    const std::string from = "From ana@example.net Wed Nov  4 12:00:00 2026\n";
    EXPECT_EQ(texts_in(from + "a\n\nb\n"), std::vector<std::string>{"a\r\n\r\nb\r\n"})
        << "without an empty line at the end";
    EXPECT_EQ(texts_in(from + "a"), std::vector<std::string>{"a\r\n"}) << "nor a line's end";
    EXPECT_EQ(
        texts_in(from + "a\n\nFrom here on\n" + from + "b\n\n" + from + "c\n"),
        (std::vector<std::string>{
            "a\r\n\r\nFrom here on\r\n" + from.substr(0, from.size() - 1) + "\r\nb\r\n", "c\r\n"}))
        << "what follows no empty line, or has no date, is text";
    auto with_cr = from;
    with_cr.insert(with_cr.size() - 1, "\r");
    EXPECT_EQ(texts_in(with_cr + "a\r\n\r\n" + with_cr + "b\r\n\r\n"),
              (std::vector<std::string>{"a\r\n", "b\r\n"}));
    EXPECT_EQ(texts_in("\n" + from + "a\n"), std::vector<std::string>{"a\r\n"});
}

TEST(Mbox, AFileThatIsNone)
{
    for (const auto* file : {"", "\n", "Subject: hello\n\nFrom a Wed Nov  4 12:00:00 2026\n", "Fro",
                             "From here\n", ">From a Wed Nov  4 12:00:00 2026\n"})
        EXPECT_TRUE(messages_in(file, 3).empty()) << file;
}

TEST(Mbox, ALineWithoutEndNeedsNoMemory)
{
    Kept kept;
    MboxReader reader{kept};
    reader.add(to_line({"ana@example.net", noon}) + "\n");
    const std::string piece(1000, '>');
    for (int i = 0; i < 1000; ++i) reader.add(piece);
    ASSERT_EQ(kept.read.size(), 1u);
    EXPECT_GE(kept.read[0].text.size(), 999'000u) << "handed on before the line ends";
}

} // namespace
} // namespace portico::store
