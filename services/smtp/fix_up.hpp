#pragma once

#include "services/smtp/header.hpp"

#include <array>
#include <chrono>
#include <string>
#include <string_view>

namespace portico::smtp {

/// What a submission server may do to a message (RFC 6409 section 8), and does: a Date and a
/// Message-ID where the header section lacks them, at its end, and nothing else. Holds back no
/// more than the beginning of one line, until it is known whether that belongs to the section.
class FixUp {
public:
    /// For the message with this identity, in the store of this host.
    FixUp(std::string_view id, std::string_view host_name,
          std::chrono::system_clock::time_point now);

    /// What to store now, in this order, valid until the next call and as long as `bytes`.
    using Pieces = std::array<std::string_view, 4>;

    /// `bytes` of the message, of which `header` has just read `extent`.
    Pieces pass(std::string_view bytes, const HeaderSection& header, HeaderSection::Extent extent);
    /// The message is whole: what was held back, and what it lacks if it is all header.
    std::string_view finish(const HeaderSection& header);

private:
    std::string missing(const HeaderSection& header, bool text_follows) const;

    std::string date_;       // the fields, whole
    std::string message_id_; //
    std::string held_;       // the beginning of a line that is not decided yet
    std::string released_;
    char last_ = '\n'; // of what was passed on
    bool done_ = false;
};

} // namespace portico::smtp
