#include "services/mime/list_unsubscribe.hpp"

#include "services/mime/utf8.hpp"

namespace portico::mime {

namespace {

/// The URL in the next pair of angle brackets, and takes it away; "" if none is left.
std::string take_url(std::string_view& text)
{
    const auto start = text.find('<');
    const auto end = start == text.npos ? start : text.find('>', start);
    if (end == text.npos) {
        text = {};
        return {};
    }
    // RFC 2369 section 2: white space within is not part of it; folding puts it there.
    std::string url;
    for (char c : text.substr(start + 1, end - start - 1))
        if (c != ' ' && c != '\t') url += c;
    text.remove_prefix(end + 1);
    return url;
}

} // namespace

ListUnsubscribe parse_list_unsubscribe(std::string_view value, std::string_view post)
{
    ListUnsubscribe result{.header = std::string{value}, .header_post = std::string{post}};
    const auto fail = [&](std::string_view why) {
        if (result.errors.empty()) result.errors = why;
    };
    bool mail = false, web = false;
    for (auto rest = value; !rest.empty();) {
        const auto url = take_url(rest);
        if (url.empty()) continue;
        const auto lowered = ascii_lower(std::string_view{url}.substr(0, 8));
        auto& known = lowered.starts_with("mailto:") ? mail : web;
        if (!lowered.starts_with("mailto:") && !lowered.starts_with("http://") &&
            !lowered.starts_with("https://")) {
            fail("a link is neither mailto: nor http(s):");
        } else if (known) {
            fail(&known == &mail ? "more than one mailto: link" : "more than one http(s): link");
        } else {
            known = true;
            result.links.push_back(url);
        }
    }
    if (result.links.empty()) fail("no link in angle brackets");
    // RFC 8058 section 3.1: the one value it has, and what it needs.
    if (!post.empty()) {
        if (!equals_ignoring_case(trim(post), "List-Unsubscribe=One-Click"))
            fail("List-Unsubscribe-Post is not List-Unsubscribe=One-Click");
        else if (!web)
            fail("List-Unsubscribe-Post needs an https: link");
    }
    return result;
}

} // namespace portico::mime
