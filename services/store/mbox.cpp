#include "services/store/mbox.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace portico::store {

namespace {

constexpr std::string_view from = "From ";
constexpr std::string_view quoted_from = ">From ";
constexpr std::size_t longest_from_line = 1000;

} // namespace

void LineCheck::add(std::string_view bytes)
{
    if (!bytes.empty()) at_start_ = bytes.back() == '\n';
    while (holds_ && !bytes.empty()) {
        if (std::exchange(after_cr_, false)) {
            holds_ = bytes.front() == '\n';
            bytes.remove_prefix(1);
            continue;
        }
        const auto end = bytes.find_first_of("\r\n");
        if (end == bytes.npos) return;
        holds_ = after_cr_ = bytes[end] == '\r';
        bytes.remove_prefix(end + 1);
    }
}

void MboxQuoting::add(std::string_view bytes, std::string& out)
{
    while (!bytes.empty()) {
        if (quotes_) {
            const char octet = bytes.front();
            if (matched_ == 0 && octet == '>') {
                out += octet;
                bytes.remove_prefix(1);
                continue;
            }
            if (octet == from[matched_]) {
                bytes.remove_prefix(1);
                if (++matched_ < from.size()) continue;
                out += quoted_from;
                matched_ = 0;
                quotes_ = false;
                continue;
            }
            out += from.substr(0, std::exchange(matched_, 0));
            quotes_ = false;
        }
        const auto end = bytes.find('\n');
        auto line = bytes.substr(0, end == bytes.npos ? end : end + 1);
        bytes.remove_prefix(line.size());
        quotes_ = end != line.npos;
        if (verbatim_)
            out += line;
        else
            std::ranges::remove_copy(line, std::back_inserter(out), '\r');
    }
}

void MboxQuoting::end(std::string& out)
{
    out += from.substr(0, std::exchange(matched_, 0));
    out += verbatim_ ? "\n\n" : "\n";
}

void MboxReader::add(std::string_view bytes)
{
    while (!failed_ && !bytes.empty()) {
        if (in_head_) {
            head_ += bytes.front();
            bytes.remove_prefix(1);
            if (!undecided()) text(std::exchange(head_, {}));
            continue;
        }
        const auto end = bytes.find('\n');
        const auto piece = bytes.substr(0, end == bytes.npos ? end : end + 1);
        bytes.remove_prefix(piece.size());
        text(piece);
    }
    if (!out_.empty()) sink_.append(out_);
    out_.clear();
}

void MboxReader::finish()
{
    if (auto line = parse_from_line(head_); line && previous_empty_)
        begin_message(*line);
    else if (!head_.empty())
        text(head_);
    head_.clear();
    if (!in_message_ && !failed_) failed_ = true; // an empty file
    if (!failed_) end_message();
}

/// Whether the beginning of the line that is in head_ does not yet tell what the line is.
bool MboxReader::undecided()
{
    if (from.starts_with(head_)) return true;
    if (head_.starts_with(from)) {
        if (!previous_empty_) return false;
        if (head_.back() != '\n') return head_.size() < longest_from_line;
        const auto line = parse_from_line(head_);
        if (!line) return false;
        head_.clear();
        previous_empty_ = false;
        if (in_message_) end_message();
        begin_message(*line);
        return true; // a new line has begun
    }
    if (head_.starts_with(">>")) {
        text(">");
        in_head_ = true;
        head_.erase(0, 1);
    }
    if (head_ == quoted_from) head_.erase(0, 1);
    return quoted_from.starts_with(head_) && head_.front() == '>';
}

void MboxReader::begin_message(const FromLine& line)
{
    in_message_ = true;
    verbatim_ = line.verbatim;
    any_ = after_cr_ = false;
    line_feeds_ = 0;
    empty_ = in_head_ = true;
    sink_.begin(line);
}

void MboxReader::end_message()
{
    if (after_cr_) put("\r");
    // The line feed that ends the last line is the message's, the empty line behind is not.
    if (verbatim_)
        line_feeds_ -= std::min<std::uint64_t>(line_feeds_, 2);
    else if (any_)
        line_feeds_ = std::max<std::uint64_t>(line_feeds_, 2) - 1;
    else if (line_feeds_ > 0)
        --line_feeds_;
    put_line_feeds();
    if (!out_.empty()) sink_.append(out_);
    out_.clear();
    in_message_ = false;
    sink_.end();
}

/// A piece of a line, perhaps with its end.
void MboxReader::text(std::string_view bytes)
{
    const bool ends = bytes.ends_with('\n');
    empty_ = empty_ && bytes.find_first_not_of("\r\n") == bytes.npos;
    failed_ = failed_ || (!in_message_ && !empty_);
    if (failed_) return;
    if (in_message_ && verbatim_) put(bytes);
    if (in_message_ && !verbatim_) without_cr(bytes);
    in_head_ = ends;
    if (ends) previous_empty_ = std::exchange(empty_, true);
}

/// CR LF is a line's end like LF alone.
void MboxReader::without_cr(std::string_view bytes)
{
    while (!bytes.empty()) {
        if (std::exchange(after_cr_, false) && bytes.front() != '\n') put("\r");
        const auto end = bytes.find('\r');
        put(bytes.substr(0, end));
        if (end == bytes.npos) return;
        after_cr_ = true;
        bytes.remove_prefix(end + 1);
    }
}

void MboxReader::put(std::string_view bytes)
{
    while (!bytes.empty()) {
        const auto end = std::min(bytes.find('\n'), bytes.size());
        if (end > 0) {
            put_line_feeds();
            out_ += bytes.substr(0, end);
            any_ = true;
        }
        if (end == bytes.size()) return;
        ++line_feeds_;
        bytes.remove_prefix(end + 1);
    }
}

void MboxReader::put_line_feeds()
{
    for (; line_feeds_ > 0; --line_feeds_) out_ += verbatim_ ? "\n" : "\r\n";
}

} // namespace portico::store
