/* Writes a Tersor file with one tensor, reads some rows back and compares them.
 *
 *     encode FILE [THREADS]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tersor.h>

enum { ROWS = 512, COLUMNS = 256 };

static int fail(const char *action) {
    fprintf(stderr, "%s: %s: %s\n", action, tersor_status_name(tersor_last_error_status()),
            tersor_last_error_message());
    return 1;
}

static int write_file(const char *path, size_t threads, const float *values) {
    static const char name[] = "layer.weight", key[] = "made by", value[] = "encode.c";
    const uint64_t shape[] = {ROWS, COLUMNS};
    tersor_encode_options options = tersor_encode_options_default();
    options.level = 4;
    options.threads = threads;
    tersor_writer *writer;
    tersor_summary summary;
    if (tersor_writer_create(path, true, &options, &writer) != TERSOR_STATUS_OK) {
        return fail("create");
    }
    /* On a machine with little-endian floats, as nearly all are, the values can be passed as they are in memory. */
    tersor_status status = tersor_writer_add_metadata(writer, (const uint8_t *)key, strlen(key),
                                                      (const uint8_t *)value, strlen(value));
    if (status == TERSOR_STATUS_OK) {
        status = tersor_writer_add(writer, (const uint8_t *)name, strlen(name), TERSOR_DTYPE_F32, shape, 2,
                                   (const uint8_t *)values, ROWS * COLUMNS * sizeof *values);
    }
    if (status == TERSOR_STATUS_OK) {
        status = tersor_writer_finish(writer, &summary);
    }
    tersor_writer_free(writer);
    if (status != TERSOR_STATUS_OK) {
        return fail("write");
    }
    printf("%" PRIu64 " bytes became %" PRIu64 "\n", summary.raw_bytes, summary.coded_bytes);
    return 0;
}

static int check_file(const char *path, size_t threads, const float *values) {
    const tersor_rows rows = {100, 110};
    float decoded[10 * COLUMNS];
    tersor_decode_options options = tersor_decode_options_default();
    options.threads = threads;
    tersor_reader *reader;
    if (tersor_open(path, &options, &reader) != TERSOR_STATUS_OK) {
        return fail("open");
    }
    size_t index;
    tersor_status status = tersor_tensor_find(reader, (const uint8_t *)"layer.weight", 12, &index);
    if (status == TERSOR_STATUS_OK) {
        status = tersor_decode_f32(reader, index, &rows, decoded, 10 * COLUMNS);
    }
    tersor_reader_free(reader);
    if (status != TERSOR_STATUS_OK) {
        return fail("decode");
    }
    if (memcmp(decoded, values + rows.start * COLUMNS, sizeof decoded) != 0) {
        fprintf(stderr, "the rows differ\n");
        return 1;
    }
    puts("rows 100 to 109 are equal");
    return 0;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: %s FILE [THREADS]\n", argv[0]);
        return 2;
    }
    const size_t threads = argc > 2 ? (size_t)atoi(argv[2]) : 0;
    float *values = malloc(ROWS * COLUMNS * sizeof *values);
    if (values == NULL) {
        return 1;
    }
    for (int i = 0; i < ROWS * COLUMNS; i++) {
        values[i] = (float)(i % 37 - 18) / 32 * (float)(1 + i / COLUMNS % 5);
    }
    int result = write_file(argv[1], threads, values);
    if (result == 0) {
        result = check_file(argv[1], threads, values);
    }
    free(values);
    return result;
}
