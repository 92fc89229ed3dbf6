#pragma once

#include "services/mail/checksum.hpp"
#include "services/store/new_file.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace portico::store {

/// One message between its source and where it goes, since the latter wants to know its size first,
/// and whether it has it already. Up to a megabyte in memory, beyond in a file without a name.
class Spool {
public:
    void clear();
    /// An error stays until clear(); size() and checksum() are right all the same.
    Result<> add(std::string_view bytes);

    std::uint64_t size() const { return size_; }
    std::uint64_t checksum() const { return checksum_->value(); }
    /// Its beginning: a megabyte, or all.
    std::string_view head() const { return head_; }

    /// The octets once more, in pieces; empty at the end. After rewind() from the beginning.
    Result<std::string_view> next();
    void rewind() { read_ = 0; }

private:
    std::string head_;
    net::FileDescriptor file_; // what follows
    std::uint64_t size_ = 0;
    std::uint64_t read_ = 0;
    std::optional<mail::Checksum> checksum_{std::in_place};
    std::string piece_;
    Result<> written_;
};

} // namespace portico::store
