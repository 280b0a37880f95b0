/* Tersor: compressed weights of neural networks.
 *
 * Most functions return a tersor_status. After an error, tersor_last_error_message() describes the last error on the
 * calling thread. Texts that come with a length are UTF-8 without a zero byte at their end; print them with "%.*s". A
 * NULL where a value is needed is an error and not a crash.
 *
 * Made by cbindgen from the Rust sources; do not edit. */

#ifndef TERSOR_H
#define TERSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The result of a function.
enum tersor_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // Success.
  TERSOR_STATUS_OK = 0,
  // The input ends too early.
  TERSOR_STATUS_TRUNCATED = 1,
  // The input breaks a rule of the format.
  TERSOR_STATUS_CORRUPT = 2,
  // The input needs something that this version does not know, or the dtype does not convert to the requested type.
  TERSOR_STATUS_UNSUPPORTED = 3,
  // The input asks for more than the limits allow.
  TERSOR_STATUS_LIMIT = 4,
  // The caller passed an argument that cannot be used.
  TERSOR_STATUS_INVALID_ARGUMENT = 5,
  // Reading or writing failed.
  TERSOR_STATUS_IO = 6,
  // The progress callback asked to stop.
  TERSOR_STATUS_CANCELLED = 7,
  // There is no tensor or metadata key with this name.
  TERSOR_STATUS_NOT_FOUND = 8,
  // The library has a bug. The handle can still be freed.
  TERSOR_STATUS_INTERNAL = 9,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tersor_status tersor_status;
#else
typedef uint32_t tersor_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// The decoders that a file is written for.
enum tersor_profile
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // All decoders of this version of the format.
  TERSOR_PROFILE_DEFAULT = 0,
  // Also decoders on a GPU or a small device. Files are a little larger.
  TERSOR_PROFILE_GPU = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tersor_profile tersor_profile;
#else
typedef uint32_t tersor_profile;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// The type of the elements of a tensor. The numbers are those of the file format.
enum tersor_dtype
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // A byte that is 0 or 1.
  TERSOR_DTYPE_BOOL = 0,
  // Unsigned integer, 8 bits.
  TERSOR_DTYPE_U8 = 1,
  // Signed integer, 8 bits.
  TERSOR_DTYPE_I8 = 2,
  // Unsigned integer, 16 bits.
  TERSOR_DTYPE_U16 = 3,
  // Signed integer, 16 bits.
  TERSOR_DTYPE_I16 = 4,
  // Unsigned integer, 32 bits.
  TERSOR_DTYPE_U32 = 5,
  // Signed integer, 32 bits.
  TERSOR_DTYPE_I32 = 6,
  // Unsigned integer, 64 bits.
  TERSOR_DTYPE_U64 = 7,
  // Signed integer, 64 bits.
  TERSOR_DTYPE_I64 = 8,
  // IEEE 754 binary16.
  TERSOR_DTYPE_F16 = 9,
  // bfloat16: the upper 16 bits of binary32.
  TERSOR_DTYPE_BF16 = 10,
  // IEEE 754 binary32.
  TERSOR_DTYPE_F32 = 11,
  // IEEE 754 binary64.
  TERSOR_DTYPE_F64 = 12,
  // Complex number: two binary32, first the real part, then the imaginary part.
  TERSOR_DTYPE_C64 = 13,
  // OCP FP8 without infinities.
  TERSOR_DTYPE_F8_E4M3 = 14,
  // OCP FP8.
  TERSOR_DTYPE_F8_E5M2 = 15,
  // OCP MX scale: a power of two.
  TERSOR_DTYPE_F8_E8M0 = 16,
  // FP8 without negative zero and infinities, bias 8.
  TERSOR_DTYPE_F8_E4M3FNUZ = 17,
  // FP8 without negative zero and infinities, bias 16.
  TERSOR_DTYPE_F8_E5M2FNUZ = 18,
  // OCP MXFP6 with 2 exponent bits.
  TERSOR_DTYPE_F6_E2M3 = 19,
  // OCP MXFP6 with 3 exponent bits.
  TERSOR_DTYPE_F6_E3M2 = 20,
  // OCP MXFP4 (E2M1).
  TERSOR_DTYPE_F4 = 21,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum tersor_dtype tersor_dtype;
#else
typedef uint32_t tersor_dtype;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// An open Tersor file. All functions that take a reader may be called from several threads at the same time, except
// `tersor_reader_free`.
typedef struct tersor_reader tersor_reader;

// A Tersor file that is being written. It appears under its name when `tersor_writer_finish` succeeds. Only one thread
// may use a writer at a time.
typedef struct tersor_writer tersor_writer;

// A callback that receives the number of bytes that were coded since its last call. It returns `false` to stop the
// work, which then fails with `TERSOR_STATUS_CANCELLED`. It is called from several threads at the same time, and must
// not leave by an exception or `longjmp`.
typedef bool (*tersor_progress_callback)(void * user_data, uint64_t bytes);

// Options for encoding. Fill it by `tersor_encode_options_default`, then change fields.
typedef struct tersor_encode_options {
  // From 1, the fastest, to 9, the smallest files; 6 by default.
  uint32_t level;
  // A `tersor_profile`.
  uint32_t profile;
  // The number of threads; 0 is one for each core. With 1 all work is done on the calling thread.
  size_t threads;
  // The coded bytes that a chunk aims at, from 4096 to 2^30; 0 is the default of the level.
  uint64_t chunk_bytes;
  // The progress callback, or NULL.
  tersor_progress_callback progress;
  // Passed to the progress callback.
  void * progress_data;
} tersor_encode_options;

// Options for decoding. Fill it by `tersor_decode_options_default`, then change fields. The limits bound what a file
// may ask for; `UINT64_MAX` is no limit.
typedef struct tersor_decode_options {
  // The number of threads; 0 is one for each core. With 1 all work is done on the calling thread.
  size_t threads;
  // Decoded bytes of all tensors and files together; 64 GiB by default.
  uint64_t total_bytes;
  // Decoded bytes of one tensor, after a conversion too; 16 GiB by default.
  uint64_t tensor_bytes;
  // Number of tensors and file contents; 2^20 by default.
  uint64_t tensors;
  // Bytes of a name; 4096 by default.
  uint64_t name_bytes;
  // Bytes of the manifest, of the index and of the heads of segments in memory; 256 MiB each by default.
  uint64_t head_bytes;
  // Estimated time in milliseconds that one core takes to decode all that a reader uses; 10 minutes by default.
  uint64_t work_milliseconds;
  // Memory that a thread takes to decode a chunk, beside the chunk itself; 128 MiB by default.
  uint64_t scratch_bytes;
  // Decoded bytes that a reader keeps for tensors that share them; 64 MiB by default. It refuses no file.
  uint64_t cache_bytes;
  // The progress callback, or NULL.
  tersor_progress_callback progress;
  // Passed to the progress callback.
  void * progress_data;
} tersor_decode_options;

// Fills `buffer` with the `len` bytes that begin at `offset`, and returns 0. Any other value is an error, which the
// message names. The range always lies within the length of the source. It is called from several threads at the same
// time, and must not leave by an exception or `longjmp`.
typedef int32_t (*tersor_read_callback)(void * user_data, uint64_t offset, uint8_t * buffer, size_t len);

// Releases the source. It is called once, from the thread that frees the reader.
typedef void (*tersor_close_callback)(void * user_data);

// A source of bytes that a program reads by its own functions, such as ranges of an object in a cloud store.
typedef struct tersor_source {
  // Passed to the callbacks.
  void * user_data;
  // The number of bytes.
  uint64_t len;
  // Reads some bytes.
  tersor_read_callback read;
  // Releases the source, or NULL.
  tersor_close_callback close;
} tersor_source;

// Rows of a tensor: the indices of its first dimension from `start` to before `end`. A tensor without dimensions has
// one row.
typedef struct tersor_rows {
  // The first row.
  uint64_t start;
  // The row after the last one.
  uint64_t end;
} tersor_rows;

// The sizes of an encoded file.
typedef struct tersor_summary {
  // The size of the tensors, or of the input files, in bytes.
  uint64_t raw_bytes;
  // The size of the Tersor file in bytes.
  uint64_t coded_bytes;
  // The number of elements.
  uint64_t weights;
} tersor_summary;

// A pair of key and value, both in UTF-8 and without a zero byte at the end. The pointers are valid until the reader is
// freed.
typedef struct tersor_metadata {
  // The key.
  const uint8_t *key;
  // The number of bytes of the key.
  size_t key_len;
  // The value.
  const uint8_t *value;
  // The number of bytes of the value.
  size_t value_len;
} tersor_metadata;

// The declaration of a tensor. The pointers are valid until the reader is freed.
typedef struct tersor_tensor_info {
  // The name in UTF-8, without a zero byte at its end. It can hold any character.
  const uint8_t *name;
  // The number of bytes of the name.
  size_t name_len;
  // The type of the elements.
  tersor_dtype dtype;
  // The number of dimensions.
  size_t rank;
  // The dimensions, the outermost first.
  const uint64_t *shape;
  // The number of elements.
  uint64_t element_count;
  // The size of the decoded tensor in bytes.
  uint64_t byte_len;
} tersor_tensor_info;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Returns the name of a dtype as safetensors spells it, such as `BF16`, or NULL if there is no such dtype. The text is
// never freed.
const char *tersor_dtype_name(uint32_t dtype);

// Returns the size of an element in bits: 4, 6, 8, 16, 32 or 64, or 0 if there is no such dtype.
uint32_t tersor_dtype_bits(uint32_t dtype);

// Encodes the file `input`, usually a safetensors file, to the Tersor file `output`. `tersor_decode_file` recreates every
// byte of it. If `replace` is false, no file may have the name `output`. `options` and `summary` can be NULL. After an
// error there is no new file.
tersor_status tersor_encode_file(const char * input,
                                 const char * output,
                                 bool replace,
                                 const struct tersor_encode_options *options,
                                 tersor_summary * summary);

// Recreates at `output` the file that the Tersor file `input` was made from. If `replace` is false, no file may have the
// name `output`. `options` can be NULL. Fails with `TERSOR_STATUS_INVALID_ARGUMENT` if `input` was made from a folder or
// from tensors: then use the command `tersor`, or read the tensors. After an error there is no new file.
tersor_status tersor_decode_file(const char * input,
                                 const char * output,
                                 bool replace,
                                 const struct tersor_decode_options *options);

// Writes the number of pairs to `count`.
tersor_status tersor_metadata_count(const struct tersor_reader *reader, size_t * count);

// Writes pair `index` to `pair`. Pairs are counted from 0, in the order of the file.
tersor_status tersor_metadata_at(const struct tersor_reader *reader, size_t index, tersor_metadata * pair);

// Writes the pair with this key to `pair`. `key` has `key_len` bytes of UTF-8. Fails with `TERSOR_STATUS_NOT_FOUND` if
// there is none.
tersor_status tersor_metadata_find(const struct tersor_reader *reader,
                                   const uint8_t * key,
                                   size_t key_len,
                                   tersor_metadata * pair);

// Returns the default options for decoding, which suit files from strangers.
struct tersor_decode_options tersor_decode_options_default(void);

// Returns the default options for encoding.
struct tersor_encode_options tersor_encode_options_default(void);

// Opens the file at `path` and writes a handle to `reader`, or NULL after an error. The file is read by positional
// reads. `options` can be NULL. Free the handle with `tersor_reader_free`.
tersor_status tersor_open(const char * path, const struct tersor_decode_options *options, tersor_reader ** reader);

// Opens the file at `path` as `tersor_open` does, but maps it into memory. Nobody may change or shorten the file while
// the reader is open: its bytes would change under the reader, and access beyond the new end kills the process.
// Replacing the file by a rename is allowed.
tersor_status tersor_open_map(const char * path, const struct tersor_decode_options *options, tersor_reader ** reader);

// Opens a file in memory, as `tersor_open` does. The `len` bytes are not copied: they must stay as they are until the
// reader is freed.
tersor_status tersor_open_memory(const uint8_t * bytes,
                                 size_t len,
                                 const struct tersor_decode_options *options,
                                 tersor_reader ** reader);

// Opens a file in memory, as `tersor_open` does. The `len` bytes are copied.
tersor_status tersor_open_copy(const uint8_t * bytes,
                               size_t len,
                               const struct tersor_decode_options *options,
                               tersor_reader ** reader);

// Opens a source that is read by callbacks, as `tersor_open` does. The struct itself is copied. The callback `close` is
// called when the reader is freed, and also if this function fails, unless `source` or `read` is NULL.
tersor_status tersor_open_source(const struct tersor_source *source,
                                 const struct tersor_decode_options *options,
                                 tersor_reader ** reader);

// Frees a reader. NULL is accepted. Names, shapes and metadata that the reader lent are no longer valid.
void tersor_reader_free(struct tersor_reader *reader);

// Returns the version of the library, such as `0.1.0`. The text is never freed.
const char *tersor_version(void);

// Returns the message of the last error on this thread: the path, the problem and the place in the file. Returns an
// empty text if no call has failed. The text is valid until the next call on this thread fails. A call that succeeds
// leaves it as it is.
const char *tersor_last_error_message(void);

// Returns the status of the last error on this thread, or `TERSOR_STATUS_OK` if no call has failed.
tersor_status tersor_last_error_status(void);

// Returns the offset in bytes from the start of the file at which the last error on this thread was found, or
// `UINT64_MAX` if it is not known.
uint64_t tersor_last_error_offset(void);

// Returns the name of the tensor or contained file of the last error on this thread, or NULL if it is not known. The
// name comes from the input and can hold control characters. It is valid until the next call on this thread fails.
const char *tersor_last_error_tensor(void);

// Returns the name of a status, such as `corrupt`. The text is never freed.
const char *tersor_status_name(uint32_t status);

// Writes the number of tensors to `count`.
tersor_status tersor_tensor_count(const struct tersor_reader *reader, size_t * count);

// Writes the declaration of tensor `index` to `info`. Tensors are counted from 0, in the order of the file.
tersor_status tersor_tensor_describe(const struct tersor_reader *reader, size_t index, tersor_tensor_info * info);

// Writes the index of the tensor with this name to `index`. `name` has `name_len` bytes of UTF-8 and needs no zero
// byte. Of several tensors with the name, which models of several files can have, the first one is found. Fails with
// `TERSOR_STATUS_NOT_FOUND` if there is none.
tersor_status tersor_tensor_find(const struct tersor_reader *reader,
                                 const uint8_t * name,
                                 size_t name_len,
                                 size_t * index);

// Decodes tensor `index`, or only some `rows` of it, to `buffer` as little-endian bytes in row-major order. `len` must be
// their number: `byte_len` of the tensor if `rows` is NULL. Rows decode only the parts of the file that hold them. After
// an error the content of the buffer is not specified.
tersor_status tersor_decode(const struct tersor_reader *reader,
                            size_t index,
                            const struct tersor_rows *rows,
                            uint8_t * buffer,
                            size_t len);

// Decodes as `tersor_decode` does, and converts each element to a `float`. `len` is the number of elements. Every dtype
// but C64 converts; values are rounded once, to nearest with ties to even.
tersor_status tersor_decode_f32(const struct tersor_reader *reader,
                                size_t index,
                                const struct tersor_rows *rows,
                                float * values,
                                size_t len);

// Decodes as `tersor_decode_f32` does, to values of type `double`.
tersor_status tersor_decode_f64(const struct tersor_reader *reader,
                                size_t index,
                                const struct tersor_rows *rows,
                                double * values,
                                size_t len);

// Decodes tensor `index` and compares it with the digest in the file. Decoding itself always checks the checksums, which
// find damage; the digest also finds a bug of an encoder or a decoder.
tersor_status tersor_tensor_verify(const struct tersor_reader *reader,
                                   size_t index);

// Begins a file that will appear at `path`, and writes a handle to `writer`, or NULL after an error. If `replace` is
// false, no file may have this name. `options` can be NULL. Free the handle with `tersor_writer_free`.
tersor_status tersor_writer_create(const char * path,
                                   bool replace,
                                   const struct tersor_encode_options *options,
                                   tersor_writer ** writer);

// Adds a pair of key and value, each in UTF-8, to the metadata. All metadata comes before the first tensor.
tersor_status tersor_writer_add_metadata(struct tersor_writer *writer,
                                         const uint8_t * key,
                                         size_t key_len,
                                         const uint8_t * value,
                                         size_t value_len);

// Adds a tensor. `name` has `name_len` bytes of UTF-8, `dtype` is a `tersor_dtype`, `shape` has `rank` dimensions with
// the outermost first, and `bytes` has the `len` little-endian bytes of the elements in row-major order. All of them
// are only used during the call. After an error other than `TERSOR_STATUS_INVALID_ARGUMENT` the writer can only be
// freed.
tersor_status tersor_writer_add(struct tersor_writer *writer,
                                const uint8_t * name,
                                size_t name_len,
                                uint32_t dtype,
                                const uint64_t * shape,
                                size_t rank,
                                const uint8_t * bytes,
                                size_t len);

// Completes the file and gives it its name. `summary` receives the sizes; it can be NULL. Afterwards the writer can only
// be freed. After an error there is no file.
tersor_status tersor_writer_finish(struct tersor_writer *writer,
                                   tersor_summary * summary);

// Frees a writer. NULL is accepted. If the writer was not finished, there is no file.
void tersor_writer_free(struct tersor_writer *writer);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* TERSOR_H */
