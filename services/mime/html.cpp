#include "services/mime/html.hpp"

#include "services/mime/utf8.hpp"

#include <algorithm>

namespace portico::mime {

namespace {

constexpr std::string_view space = " \t\r\n\f";

bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// What is between their tags is no mark-up.
bool is_raw(std::string_view element)
{
    constexpr std::string_view elements[] = {"script", "style",   "title",    "textarea",
                                             "xmp",    "noembed", "noframes", "iframe"};
    return std::ranges::find(elements, element) != std::end(elements);
}

std::string_view take_front(std::string_view& text, std::size_t size)
{
    const auto front = text.substr(0, size);
    text.remove_prefix(front.size());
    return front;
}

void skip_space(std::string_view& text)
{
    text.remove_prefix(std::min(text.find_first_not_of(space), text.size()));
}

} // namespace

bool Html::next()
{
    attributes_.clear();
    while (!rest_.empty()) {
        if (!raw_end_.empty() && raw()) return true;
        if (rest_.front() == '<') {
            if (markup()) return true;
            continue;
        }
        kind_ = Kind::text;
        text_ = take_front(rest_, rest_.find('<'));
        return true;
    }
    return false;
}

// At "<". False if it was nothing to tell about.
bool Html::markup()
{
    const auto second = rest_.size() > 1 ? rest_[1] : '\0';
    const auto third = rest_.size() > 2 ? rest_[2] : '\0';
    if (is_letter(second) || (second == '/' && is_letter(third))) {
        take_tag();
        return true;
    }
    if (rest_.starts_with("<!--")) {
        skip_comment();
        return false;
    }
    if (second == '!' || second == '?' || (second == '/' && third != '\0')) {
        skip_past(">"); // a declaration, or what browsers take for a comment
        return false;
    }
    kind_ = Kind::text;
    text_ = take_front(rest_, rest_.find('<', 1));
    return true;
}

void Html::take_tag()
{
    const auto whole = rest_;
    kind_ = rest_[1] == '/' ? Kind::end : Kind::start;
    rest_.remove_prefix(kind_ == Kind::end ? 2 : 1);
    name_ = ascii_lower(take_front(rest_, rest_.find_first_of(" \t\r\n\f/>")));
    attribute_list();
    text_ = whole.substr(0, whole.size() - rest_.size());
    if (kind_ == Kind::start && is_raw(name_)) raw_end_ = name_;
}

void Html::attribute_list()
{
    for (;;) {
        rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n\f/"), rest_.size()));
        if (rest_.empty()) return;
        if (rest_.front() == '>') {
            rest_.remove_prefix(1);
            return;
        }
        // A "=" in front belongs to the name.
        Attribute attribute{take_front(rest_, rest_.find_first_of(" \t\r\n\f/>=", 1)), {}};
        skip_space(rest_);
        if (rest_.starts_with('=')) {
            rest_.remove_prefix(1);
            skip_space(rest_);
            const auto quote = rest_.empty() ? '\0' : rest_.front();
            if (quote == '"' || quote == '\'') {
                rest_.remove_prefix(1);
                attribute.value = take_front(rest_, rest_.find(quote));
                rest_.remove_prefix(rest_.empty() ? 0 : 1);
            } else {
                attribute.value = take_front(rest_, rest_.find_first_of(" \t\r\n\f>"));
            }
        }
        attributes_.push_back(attribute);
    }
}

void Html::skip_comment()
{
    rest_.remove_prefix(4);
    if (rest_.starts_with('>') || rest_.starts_with("->")) // "<!-->" and "<!--->" are whole
        skip_past(">");
    else
        skip_past("-->");
}

void Html::skip_past(std::string_view end)
{
    const auto found = rest_.find(end);
    rest_.remove_prefix(found == rest_.npos ? rest_.size() : found + end.size());
}

// All up to the element's end tag; false if that comes at once.
bool Html::raw()
{
    std::size_t end = 0;
    for (;; ++end) {
        end = std::min(rest_.find("</", end), rest_.size());
        if (end == rest_.size()) break;
        const auto name = rest_.substr(end + 2, raw_end_.size());
        const auto after = rest_.substr(end + 2 + name.size(), 1);
        if (equals_ignoring_case(name, raw_end_) &&
            (after.empty() ||
             std::string_view{" \t\r\n\f/>"}.find(after) != std::string_view::npos))
            break;
    }
    raw_end_.clear();
    if (end == 0) return false;
    kind_ = Kind::raw_text;
    text_ = take_front(rest_, end);
    return true;
}

std::string Html::attribute(std::string_view name) const
{
    for (const auto& attribute : attributes_)
        if (equals_ignoring_case(attribute.name, name)) return decode_references(attribute.value);
    return {};
}

} // namespace portico::mime
