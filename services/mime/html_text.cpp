#include "services/mime/html_text.hpp"

#include "services/mime/html.hpp"
#include "services/mime/utf8.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace portico::mime {

namespace {

constexpr std::size_t longest_snippet = 200;

enum class Break : std::uint8_t { none, blank, line, paragraph };

template <std::size_t Size>
bool is_one_of(std::string_view element, const std::string_view (&elements)[Size])
{
    return std::ranges::find(elements, element) != std::end(elements);
}

Break break_around(std::string_view element)
{
    constexpr std::string_view paragraphs[] = {"p",     "h1",  "h2", "h3", "h4", "h5",        "h6",
                                               "table", "pre", "ul", "ol", "dl", "blockquote"};
    constexpr std::string_view lines[] = {
        "address", "article", "aside",  "body",    "caption", "center",   "dd",
        "details", "dir",     "div",    "dt",      "figure",  "fieldset", "footer",
        "form",    "header",  "hr",     "html",    "legend",  "li",       "main",
        "menu",    "nav",     "option", "section", "summary", "tr",       "figcaption",
        "thead",   "tbody",   "tfoot",  "dialog",  "br"};
    constexpr std::string_view blanks[] = {"td", "th", "img", "button", "input", "select"};
    if (is_one_of(element, paragraphs)) return Break::paragraph;
    if (is_one_of(element, lines)) return Break::line;
    return is_one_of(element, blanks) ? Break::blank : Break::none;
}

// What may stand in <head>; everything else is the body's (WHATWG HTML 13.2.6.4.4).
bool belongs_into_head(std::string_view element)
{
    constexpr std::string_view elements[] = {"base",     "link",  "meta", "script", "style",
                                             "noscript", "title", "head", "html",   "template"};
    return is_one_of(element, elements);
}

/// Writes text down, with what is between it.
class Writer {
public:
    explicit Writer(bool lines) : lines_{lines} {}

    void separate(Break by) { break_ = std::max(break_, by); }

    /// Blanks in it, the no-break space among them, are one blank.
    void write(std::string_view text)
    {
        while (!text.empty()) {
            const auto blanks = leading_blanks(text);
            if (blanks > 0) separate(Break::blank);
            text.remove_prefix(blanks);
            std::size_t size = 0;
            while (size < text.size() && leading_blanks(text.substr(size)) == 0) ++size;
            if (size > 0) word(text.substr(0, size));
            text.remove_prefix(size);
        }
    }

    /// Of <pre>: as it stands.
    void write_as_is(std::string_view text)
    {
        if (text.empty()) return;
        word({});
        for (char c : text)
            if (c != '\r') result_ += c;
    }

    std::string take() { return std::move(result_); }
    std::size_t size() const { return result_.size(); }
    std::string_view since(std::size_t start) const
    {
        return trim(std::string_view{result_}.substr(std::min(start, result_.size())));
    }

private:
    static std::size_t leading_blanks(std::string_view text)
    {
        if (std::string_view{" \t\r\n\f\v"}.find(text.front()) != std::string_view::npos) return 1;
        return text.starts_with("\xC2\xA0") ? 2 : 0;
    }

    void word(std::string_view text)
    {
        if (!result_.empty()) {
            if (!lines_ && break_ != Break::none) break_ = Break::blank;
            result_ += break_ == Break::paragraph ? "\n\n"
                       : break_ == Break::line    ? "\n"
                       : break_ == Break::blank   ? " "
                                                  : "";
        }
        break_ = Break::none;
        result_ += text;
    }

    bool lines_;
    Break break_ = Break::none; // before the next word
    std::string result_;
};

struct Form {
    bool lines;
    bool targets;
};

/// Reads HTML token by token. Of elements that are open it knows counts only.
class Reader {
public:
    Reader(std::string_view html, Form form) : html_{html}, form_{form}, out_{form.lines} {}

    std::string read(std::size_t enough = std::string::npos)
    {
        while (out_.size() < enough && html_.next()) {
            switch (html_.kind()) {
            case Html::Kind::text: text(html_.text()); break;
            case Html::Kind::raw_text: raw_text(); break;
            case Html::Kind::start: start(html_.name()); break;
            case Html::Kind::end: end(html_.name()); break;
            }
        }
        return out_.take();
    }

private:
    void text(std::string_view text)
    {
        if (in_head_ || noscript_ > 0) return;
        const auto decoded = decode_references(text);
        if (pre_ > 0 && form_.lines)
            out_.write_as_is(decoded);
        else
            out_.write(decoded);
    }

    void raw_text()
    {
        if (html_.name() == "textarea" || html_.name() == "xmp") text(html_.text());
    }

    void start(std::string_view name)
    {
        if (name == "head") in_head_ = true;
        if (!belongs_into_head(name)) in_head_ = false;
        if (name == "noscript") ++noscript_;
        if (name == "pre") ++pre_;
        out_.separate(break_around(name));
        if (name == "li" && form_.lines && noscript_ == 0) {
            out_.write("*");
            out_.separate(Break::blank);
        }
        if (name == "a" && form_.targets) {
            href_ = trim(html_.attribute("href"));
            link_start_ = out_.size();
        }
    }

    void end(std::string_view name)
    {
        if (name == "head") in_head_ = false;
        if (name == "noscript" && noscript_ > 0) --noscript_;
        if (name == "pre" && pre_ > 0) --pre_;
        if (name == "a") link_end();
        out_.separate(break_around(name));
    }

    void link_end()
    {
        auto href = std::exchange(href_, {});
        if (href.empty() || href.starts_with('#') || in_head_ || noscript_ > 0) return;
        if (href.starts_with("mailto:") && form_.lines) href.erase(0, 7);
        if (out_.since(link_start_) == href) return; // it stands there already
        out_.separate(Break::blank);
        out_.write(form_.lines ? "( " + href + " )" : href);
        if (!form_.lines) out_.separate(Break::blank);
    }

    Html html_;
    Form form_;
    Writer out_;
    bool in_head_ = false;
    std::size_t noscript_ = 0;
    std::size_t pre_ = 0;
    std::string href_ = {}; // of the link that is open, or ""
    std::size_t link_start_ = 0;
};

} // namespace

std::string html_to_text(std::string_view html)
{
    return Reader{html, {.lines = true, .targets = true}}.read();
}

std::string html_to_words(std::string_view html, bool targets)
{
    return Reader{html, {.lines = false, .targets = targets}}.read();
}

std::string snippet(std::string_view html, std::string_view text)
{
    auto words = Reader{html, {.lines = false, .targets = false}}.read(longest_snippet + 1);
    if (words.empty()) { // there is no HTML, or nothing to read in it
        Writer out{false};
        out.write(cut(trim(text), 16 << 10)); // blanks beyond that are nobody's words
        words = out.take();
    }
    if (words.size() <= longest_snippet) return words;
    return std::string{cut(words, longest_snippet)} + "...";
}

} // namespace portico::mime
