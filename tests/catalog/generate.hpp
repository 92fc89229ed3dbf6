#pragma once

#include "services/mime/message.hpp"

#include <array>
#include <random>
#include <string>
#include <string_view>

namespace portico::catalog::test {

/// Messages and queries that have something to do with each other, the same in every run.
class Generator {
public:
    explicit Generator(unsigned seed) : random_{seed} {}

    std::size_t number(std::size_t below) { return random_() % below; }

    std::string_view word()
    {
        static constexpr std::array<std::string_view, 24> words{
            "code",    "Your",    "invoice", "4711",    "GRÜßE", "hello", "reset",  "password",
            "https",   "example", "Ana",     "bob",     "mia",   "x",     "straße", "a-b",
            "confirm", "привет",  "no.one",  "50%_off", "\"q\"", "日本",  "won't",  "deadline"};
        return words[number(words.size())];
    }

    std::string words(std::size_t most)
    {
        std::string text;
        for (auto left = 1 + number(most); left > 0; --left) {
            text += word();
            text += number(9) == 0 ? "\r\n" : " ";
        }
        return text;
    }

    std::string address()
    {
        static constexpr std::array<std::string_view, 6> addresses{
            "ana@example.net", "bob+urgent@example.org", "Mia@Example.ORG", "no-one@x.org",
            "team@x.org",      "bob+a+b@example.org"};
        std::string text = number(2) == 0 ? std::string{word()} + " " : "";
        return text + "<" + std::string{addresses[number(addresses.size())]} + ">";
    }

    std::string source()
    {
        std::string text;
        const auto field = [&](std::string_view name, std::size_t one_in,
                               const std::string& value) {
            if (number(one_in) == 0) text += std::string{name} + ": " + value + "\r\n";
        };
        std::string subject{word()};
        subject += " " + std::string{word()};
        field("From", 1, address());
        field("To", 1, address() + ", " + address());
        field("Cc", 3, address());
        field("Reply-To", 4, address());
        field("Subject", 1, subject);
        field("Message-ID", 2, "<" + std::to_string(number(30)) + "@x.org>");
        field("X-Tags", 5, std::string{word()} + ", " + std::string{word()});
        switch (number(4)) {
        case 0: return text + "\r\n" + words(60);
        case 1:
            return text + "Content-Type: text/html\r\n\r\n<p>" + words(30) +
                   "</p><a href=\"https://x.org/" + std::string{word()} + "\">" + words(4) + "</a>";
        case 2:
            return text + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" +
                   words(30) +
                   "\r\n--b\r\nContent-Type: image/png; name=invoice.png\r\nContent-Disposition: " +
                   (number(2) == 0 ? "attachment" : "inline") + "\r\n\r\nPNG\r\n--b--\r\n";
        default: return text + "\r\n" + std::string(number(3000), ' ') + words(5);
        }
    }

    std::string term()
    {
        static constexpr std::array<std::string_view, 13> prefixes{
            "", "to:",      "from:",       "cc:",  "bcc:", "reply-to:", "addressed:",
            "", "subject:", "message-id:", "tag:", "",     "to:"};
        static constexpr std::array<std::string_view, 16> whole{
            "is:read",      "is:unread",         "is:tagged",      "has:attachment",
            "has:inline",   "larger:1k",         "smaller:500",    "larger:0.3k",
            "after:1000",   "before:1970-01-01", "after:1970/1/2", "tag:urgent",
            "message-id:1", "to:example.org",    "bcc:blind",      "\"your code\""};
        std::string text = number(4) == 0 ? "-" : "";
        if (number(3) == 0) return text + std::string{whole[number(whole.size())]};
        text += prefixes[number(prefixes.size())];
        const std::string value{word()};
        if (number(4) == 0) return text + value.substr(0, 1 + number(value.size()));
        return text + "\"" + value + (number(5) == 0 ? " " + std::string{word()} : "") + "\"";
    }

    std::string query()
    {
        auto text = term();
        for (auto more = number(3); more > 0; --more) text += " " + term();
        return text;
    }

private:
    std::mt19937 random_;
};

} // namespace portico::catalog::test
