#pragma once

#include "services/store/from_line.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

/// The mbox format in its variant "mboxrd" (RFC 4155 leaves the quoting open): a message is a From_
/// line, its lines, and an empty one; a line of it that begins with any number of '>' and then
/// "From " gets one '>' more, and loses it again. Lines end in LF, as files' lines do; CR LF is
/// made LF and LF made CR LF again. All of these take octets cut anywhere and keep none.
namespace portico::store {

/// Whether a message is a sequence of lines that all end in CR LF, with no CR or LF elsewhere: then
/// it comes back from an mbox as it was. Mail that SMTP took by DATA is, unless it may not be
/// strict.
class LineCheck {
public:
    void add(std::string_view bytes);
    bool holds() const { return holds_ && !after_cr_ && at_start_; }

private:
    bool holds_ = true;
    bool after_cr_ = false;
    bool at_start_ = true; // of a line
};

/// Writes one message behind its From_ line.
class MboxQuoting {
public:
    explicit MboxQuoting(bool verbatim) : verbatim_{verbatim} {}

    void add(std::string_view bytes, std::string& out);
    void end(std::string& out);

private:
    bool verbatim_;
    bool quotes_ = true;      // so far the line is nothing but '>'
    std::size_t matched_ = 0; // then so much of "From ", which is not written yet
};

/// What MboxReader reads.
class MboxSink {
public:
    virtual ~MboxSink() = default;
    virtual void begin(const FromLine& line) = 0;
    virtual void append(std::string_view bytes) = 0; // as it is stored: lines end in CR LF
    virtual void end() = 0;
};

/// Takes an mbox file to pieces. A From_ line is at the beginning or behind an empty line, and has
/// a date: other lines that begin so are text, since not all programs quote.
class MboxReader {
public:
    explicit MboxReader(MboxSink& sink) : sink_{sink} {}

    void add(std::string_view bytes);
    void finish();

    /// The file does not begin with a From_ line; nothing was read.
    bool failed() const { return failed_; }

private:
    bool undecided();
    void begin_message(const FromLine& line);
    void end_message();
    void text(std::string_view bytes);
    void without_cr(std::string_view bytes);
    void put(std::string_view bytes);
    void put_line_feeds();

    MboxSink& sink_;
    std::string head_;    // of a line, as long as it may be a From_ line or a quoted one
    bool in_head_ = true; // the next octet belongs to it
    bool empty_ = true;   // the line, so far
    bool previous_empty_ = true;
    bool failed_ = false;
    bool in_message_ = false;
    bool verbatim_ = false;        // it is
    bool any_ = false;             // it has something other than line feeds
    bool after_cr_ = false;        // not written yet
    std::uint64_t line_feeds_ = 0; // at the end so far, not written yet
    std::string out_;
};

} // namespace portico::store
