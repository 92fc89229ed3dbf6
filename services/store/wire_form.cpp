#include "services/store/wire_form.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <charconv>

namespace portico::store {

void WireForm::add(std::string_view bytes, std::string& out)
{
    if (lines_ == Lines::unknown) {
        if (const auto end = bytes.find('\n'); end != bytes.npos) {
            const char before = end > 0 ? bytes[end - 1] : last_;
            lines_ = before == '\r' ? Lines::as_they_are : Lines::of_text;
        }
    }
    if (lines_ != Lines::of_text) {
        out += bytes;
        if (!bytes.empty()) last_ = bytes.back();
        return;
    }
    for (const char octet : bytes) {
        if (octet == '\n' && last_ != '\r') out += '\r';
        out += last_ = octet;
    }
}

void WireForm::finish(std::string& out)
{
    if (lines_ == Lines::of_text && last_ != '\n') out += "\r\n";
}

std::string reverse_path_of(std::string_view head)
{
    constexpr std::string_view name = "return-path:";
    const auto same = [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) == b;
    };
    if (head.size() < name.size() || !std::ranges::equal(head.substr(0, name.size()), name, same))
        return "";
    head = head.substr(0, head.find('\n'));
    const auto begin = head.find('<');
    const auto end = head.rfind('>');
    if (begin == head.npos || end == head.npos || end < begin) return "";
    return std::string{head.substr(begin + 1, end - begin - 1)};
}

std::string file_name_of(std::string_view mailbox)
{
    std::string name;
    for (const char octet : mailbox) {
        const auto value = static_cast<unsigned char>(octet);
        const bool escaped = value <= ' ' || value == 127 || octet == '/' || octet == '%' ||
                             (octet == '.' && name.empty()); // no hidden file
        name += escaped ? fmt::format("%{:02X}", value) : std::string{octet};
    }
    return name;
}

std::string mailbox_of_file_name(std::string_view name)
{
    std::string mailbox;
    while (!name.empty()) {
        unsigned value = 0;
        const auto digits = name.substr(1, 2);
        const auto* end = digits.data() + digits.size();
        const bool escape = name.front() == '%' && digits.size() == 2 &&
                            std::from_chars(digits.data(), end, value, 16).ptr == end;
        mailbox += escape ? static_cast<char>(value) : name.front();
        name.remove_prefix(escape ? 3 : 1);
    }
    return mailbox;
}

} // namespace portico::store
