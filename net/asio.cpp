// Asio's own code, compiled once instead of in every file that includes it.
#include <asio/impl/src.hpp>
