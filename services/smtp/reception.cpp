#include "services/smtp/reception.hpp"

#include <algorithm>

namespace portico::smtp {

void Reception::began(std::string_view id, std::string_view host_name,
                      std::chrono::system_clock::time_point now)
{
    // RFC 6409: a submission server is one whose clients have to say who they are.
    if (options_->auth == config::Smtp::Auth::required) fix_up_.emplace(id, host_name, now);
}

void Reception::open_chunk(std::uint64_t size, bool last)
{
    left_ = chunk_ = size;
    last_ = last;
}

bool Reception::read(std::string_view& input)
{
    std::string_view piece;
    if (left_) {
        piece = input.substr(0, std::min<std::uint64_t>(*left_, input.size()));
        input.remove_prefix(piece.size());
        *left_ -= piece.size();
    } else {
        piece = mail_data_.take(input);
    }
    return !piece.empty() && examine(piece);
}

bool Reception::examine(std::string_view piece)
{
    const bool before = refusal().has_value();
    octets_ += piece.size();
    if (!left_) {
        line_ends_.read(piece);
        text_lines_.read(piece);
    }
    const auto extent = header_.read(piece);
    if (refusal()) return !before;
    pieces_ = fix_up_ ? fix_up_->pass(piece, header_, extent) : FixUp::Pieces{piece};
    piece_ = 0;
    return false;
}

// Of several reasons the same one whatever pieces the message came in: all is examined to the end.
std::optional<Refusal> Reception::refusal() const
{
    if (octets_ > max_message_size_) return Refusal::too_large;
    if (bare() && options_->strict) return Refusal::bare_line_end;
    if (long_line()) return Refusal::long_line;
    if (header_.received() > options_->max_received) return Refusal::mail_loop;
    return {};
}

std::string_view Reception::next()
{
    for (;;) {
        while (piece_ < pieces_.size())
            if (const auto piece = pieces_[piece_++]; !piece.empty()) return piece;
        if (!fix_up_ || finished_ || refusal() || !whole()) return {};
        finished_ = true;
        pieces_ = {fix_up_->finish(header_)};
        piece_ = 0;
    }
}

} // namespace portico::smtp
