#pragma once

#include "config/config.hpp"
#include "services/smtp/fix_up.hpp"
#include "services/smtp/header.hpp"
#include "services/smtp/line_ends.hpp"
#include "services/smtp/mail_data.hpp"
#include "services/smtp/text_lines.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace portico::smtp {

/// Why a message is not wanted. It is read to its end all the same: a client listens only then.
enum class Refusal : std::uint8_t {
    too_large,     // RFC 1870 section 6.3
    bare_line_end, // RFC 5321 section 2.3.8; in DATA only, and not with `strict = false`
    long_line,     // section 4.5.3.1.6; in DATA only
    mail_loop,     // section 6.3: more Received fields than a message gets on an honest way
};

/// One message on its way in, by DATA or in chunks (RFC 3030): takes it off what the client sends,
/// checks it as it passes, and hands out what is to be stored. Holds no more of it than the
/// beginning of a line.
class Reception {
public:
    Reception(const config::Smtp& options, std::uint64_t max_message_size)
        : options_{&options}, max_message_size_{max_message_size}, text_lines_{
                                                                       options.max_text_line}
    {
    }

    /// It starts, with this identity. To be fixed up: RFC 6409 section 8.
    void began(std::string_view id, std::string_view host_name,
               std::chrono::system_clock::time_point now);
    /// DATA: what comes now ends with CR LF "." CR LF.
    void open_data() { left_.reset(); }
    /// BDAT: `size` octets come now.
    void open_chunk(std::uint64_t size, bool last);

    /// Reads on. True if that was the moment the message turned out to be refused.
    bool read(std::string_view& input);
    /// What to store next, valid as long as what read() was given; "": nothing at the moment.
    std::string_view next();

    /// The message's end or the chunk's was read, and nothing is left to store.
    bool ended() const { return left_ ? *left_ == 0 : mail_data_.ended(); }
    bool whole() const { return ended() && last_; }

    std::uint64_t octets() const { return octets_; } // after transparency
    std::uint64_t chunk() const { return chunk_; }   // octets of this one, or of the last
    bool fits(std::uint64_t more) const { return more <= max_message_size_ - octets_; }
    std::optional<Refusal> refusal() const;
    /// The first one in the mail data, whether or not it is refused.
    const std::optional<BareLineEnd>& bare() const { return line_ends_.bare(); }
    /// The number of the first line of the mail data that is too long.
    std::optional<std::uint64_t> long_line() const { return text_lines_.too_long(); }

private:
    bool examine(std::string_view piece);

    const config::Smtp* options_;
    std::uint64_t max_message_size_;

    MailData mail_data_;
    std::optional<std::uint64_t> left_; // of the chunk; none: DATA
    bool last_ = true;
    std::uint64_t chunk_ = 0;
    std::uint64_t octets_ = 0;

    LineEnds line_ends_;
    TextLines text_lines_;
    HeaderSection header_;
    std::optional<FixUp> fix_up_;
    bool finished_ = false;
    FixUp::Pieces pieces_{};
    std::size_t piece_ = 0; // the next of them
};

} // namespace portico::smtp
