#pragma once

#include "config/config.hpp"
#include "net/file_descriptor.hpp"
#include "services/mail/error.hpp"

#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace portico::mail {

struct FileError {
    StoreError kind;  // full, failing or gone
    std::string what; // "bodies/4Vb...: No space left on device"
};

template <class T>
using FileResult = std::expected<T, FileError>;

class Bodies;

/// A body that is being written. Its file is removed when this ends, unless it was kept.
class BodyFile {
public:
    ~BodyFile();
    BodyFile(BodyFile&&) noexcept = default;
    BodyFile& operator=(BodyFile&&) = delete;

    /// Adds `bytes` at the end. Blocks, as all of these do.
    FileResult<void> write(std::string_view bytes);
    /// The octets are on the disk when it returns; its name is once Bodies::sync() has. With
    /// `durability = "relaxed"` neither waits for the disk.
    FileResult<void> sync();
    /// A row names it now.
    void keep() { descriptor_.reset(); }

private:
    friend class Bodies;
    BodyFile(const Bodies& bodies, std::string id, net::FileDescriptor descriptor)
        : bodies_{&bodies}, id_{std::move(id)}, descriptor_{std::move(descriptor)}
    {
    }

    const Bodies* bodies_;
    std::string id_;
    net::FileDescriptor descriptor_;
};

/// An open body. Reads at any offset.
class OpenBody {
public:
    OpenBody() = default;

    explicit operator bool() const { return bool{descriptor_}; }
    /// Up to `size` octets from `offset`; fewer only at the end of the file.
    FileResult<std::string> read(std::uint64_t offset, std::size_t size) const;

private:
    friend class Bodies;
    OpenBody(std::string name, net::FileDescriptor descriptor)
        : name_{std::move(name)}, descriptor_{std::move(descriptor)}
    {
    }

    std::string name_;
    net::FileDescriptor descriptor_;
};

/// While there is one of these, in whatever process, no body that was delivered is removed: whoever
/// copies the files copies those that a row named when it began.
class BodiesHold {
private:
    friend class Bodies;
    explicit BodiesHold(net::FileDescriptor descriptor) : descriptor_{std::move(descriptor)} {}

    net::FileDescriptor descriptor_;
};

/// While there is one of these nobody gets a BodiesHold. Ends before its Bodies.
class BodiesRemoval {
public:
    ~BodiesRemoval();
    BodiesRemoval(BodiesRemoval&& other) noexcept
        : descriptor_{std::exchange(other.descriptor_, -1)}
    {
    }
    BodiesRemoval& operator=(BodiesRemoval&&) = delete;

private:
    friend class Bodies;
    explicit BodiesRemoval(int descriptor) : descriptor_{descriptor} {}

    int descriptor_;
};

/// The folder of large messages: one file each, named by its identity. Knows no database.
/// Safe from every thread; outlives its files.
class Bodies {
public:
    /// Creates the folder where it is missing.
    static FileResult<Bodies> open(const std::filesystem::path& folder,
                                   config::Mail::Durability durability = {});

    FileResult<BodyFile> create(std::string id) const;
    FileResult<OpenBody> read(const std::string& id) const; // `gone` if there is none
    FileResult<void> remove(const std::string& id) const;   // no error if there is none
    /// Names made so far survive a crash when it returns.
    FileResult<void> sync() const;
    /// `full` if so little of the disk is left that it is kept for removing mail, which needs
    /// some, too: 32 MiB, of a small disk an eighth.
    FileResult<void> room() const;
    /// Waits for a removal that is going on, which takes moments.
    FileResult<BodiesHold> hold() const;
    /// Nothing while somebody holds them: try again later. One at a time.
    std::optional<BodiesRemoval> begin_removal() const;
    /// The files that are named as bodies are.
    FileResult<std::vector<std::string>> list() const;

private:
    friend class BodyFile;
    Bodies(std::filesystem::path folder, net::FileDescriptor descriptor,
           config::Mail::Durability durability)
        : folder_{std::move(folder)}, descriptor_{std::move(descriptor)}, durability_{durability}
    {
    }
    bool relaxed() const { return durability_ == config::Mail::Durability::relaxed; }
    FileError error(const std::string& id) const; // of errno

    std::filesystem::path folder_;
    net::FileDescriptor descriptor_;
    config::Mail::Durability durability_;
};

/// Creates `folder` (mode 0700) and what is missing above it, durably.
FileResult<void> create_folder(const std::filesystem::path& folder);
/// Makes what was created in `folder` durable.
FileResult<void> sync_folder(const std::filesystem::path& folder);

} // namespace portico::mail
