#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace portico::mime {

struct Attribute {
    std::string_view name;  // as it stands
    std::string_view value; // without quotes; character references not decoded
};

/// HTML cut into text and tags, as browsers do it (WHATWG HTML, 13.2.5), whatever the octets.
/// Builds no tree. What it gives are views into `html`, which outlives it.
class Html {
public:
    enum class Kind : std::uint8_t { text, raw_text, start, end };

    explicit Html(std::string_view html) : rest_{html} {}

    /// Whether there is another token. Comments and declarations are none.
    bool next();

    Kind kind() const { return kind_; }
    /// Of text: all of it; of raw text (<script>, <style>, <title>, ...), too.
    std::string_view text() const { return text_; }
    /// Of a tag, all of it with its "<" and ">".
    std::string_view tag() const { return text_; }
    /// In lower case.
    const std::string& name() const { return name_; }
    const std::vector<Attribute>& attributes() const { return attributes_; }
    /// The first of this name in any case, decoded; "" if there is none.
    std::string attribute(std::string_view name) const;

private:
    bool markup();
    void take_tag();
    void attribute_list();
    void skip_comment();
    void skip_past(std::string_view end);
    bool raw();

    std::string_view rest_;
    Kind kind_ = Kind::text;
    std::string_view text_;
    std::string name_;
    std::vector<Attribute> attributes_;
    std::string raw_end_ = {}; // the element whose raw text comes now, or ""
};

/// `text` with its character references decoded: numeric ones and the names of HTML 4.
std::string decode_references(std::string_view text);

} // namespace portico::mime
