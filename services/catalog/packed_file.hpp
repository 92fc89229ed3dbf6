#pragma once

#include "net/file_descriptor.hpp"
#include "services/mail/bodies.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace portico::catalog {

using mail::FileError;
using mail::FileResult;

/// A file that only grows at its end. It blocks. Many threads may read what is there; whoever
/// changes it sees to it that nobody else does at the same time.
class PackedFile {
public:
    enum class Mode : std::uint8_t { existing, empty };

    /// `gone` if it is to exist and does not. An empty one is made so if there is one.
    static FileResult<PackedFile> open(std::filesystem::path path, Mode mode);

    std::uint64_t size() const { return size_; }
    /// With an error what was written of `octets` is cut off again.
    FileResult<void> append(std::string_view octets);
    /// Puts up to `size` octets from `offset` into `octets`; fewer only at the end of the file.
    FileResult<void> read(std::uint64_t offset, std::size_t size, std::string& octets) const;
    FileResult<void> cut(std::uint64_t size);
    FileResult<void> sync() const;
    /// The file has this name now, in the place of what had it.
    FileResult<void> rename(std::filesystem::path path);
    /// The name is gone; whoever has it open can go on.
    void remove();

private:
    PackedFile(std::filesystem::path path, net::FileDescriptor descriptor, std::uint64_t size)
        : path_{std::move(path)}, descriptor_{std::move(descriptor)}, size_{size}
    {
    }
    FileError error() const; // of errno

    std::filesystem::path path_;
    net::FileDescriptor descriptor_;
    std::uint64_t size_;
};

} // namespace portico::catalog
