#pragma once

#include "services/mail/envelope.hpp"
#include "services/store/interruption.hpp"
#include "services/store/mail_files.hpp"
#include "services/store/meter.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

namespace portico::store {

struct ImportSummary {
    std::uint64_t files = 0;
    std::uint64_t added = 0;
    std::uint64_t known = 0; // messages that their mailbox had already
};

/// Puts the spool's message into the store, as the envelope says. Durable when it returns.
using Deliver = std::function<Result<>(const mail::Envelope&, Spool&)>;

/// Adds every message in `files` to the mailbox that its file names, unless the same octets are
/// there already: so what was interrupted goes on when it is done again, and twice is as good as
/// once. `summary` is right after an error, too.
Result<> import_mail(const std::filesystem::path& data, const std::vector<MailFile>& files,
                     const Deliver& deliver, ImportSummary& summary, Meter& meter,
                     const Interruption& interruption);

} // namespace portico::store
