/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_BOUNDS_H
#define BERTH_BASE_BOUNDS_H

/* Every limit on input that berth does not control. Units are bytes unless the comment says
 * otherwise. */

#define MAX_MANIFEST (4UL << 20)
#define MAX_CONFIG (4UL << 20)
#define MAX_JSON_DEPTH 32        /* levels */
#define MAX_JSON_NODES 200000    /* values and keys */
#define MAX_INDEX_NESTING 2      /* an index in an index */
#define MAX_INDEX_ENTRIES 10000  /* manifests */
#define MAX_LAYERS 500           /* layers */
#define MAX_ARCHIVE_FILES 100000 /* files in an archive of images */
#define MAX_TAR_PATH 4095
#define MAX_TAR_COMPONENT 255
#define MAX_TAR_LINK 4095
#define MAX_TAR_DEPTH 2048            /* components */
#define MAX_TAR_ENTRIES 20000000UL    /* entries */
#define MAX_TAR_PAX (1UL << 20)       /* an extended header */
#define MAX_TAR_EXTENTS 262144        /* pieces of a sparse file */
#define MAX_TAR_DIRECTORIES 2000000UL /* different ones */
#define MAX_XATTR_NAME 255
#define MAX_XATTR_VALUE 65536UL
#define MAX_XATTRS 128              /* per file */
#define MAX_TABLE (48UL << 20)      /* a table of contents; readers take 50 MiB or more */
#define MAX_TABLE_CUTS 750000       /* offsets in it: each in an entry of more than 64 bytes */
#define MAX_TAR_SPLIT (64UL << 20)  /* what goes with it, compressed */
#define MAX_UNPACKED (256ULL << 30) /* per layer, unless less space is free */
#define MAX_CHANGES (256UL << 20)   /* a list of what a container changed */
#define MAX_ZSTD_WINDOW_LOG 27      /* 128 MiB */
#define MAX_PASSWD (10UL << 20)
#define MAX_PASSWD_LINE 65536UL
#define MAX_ENV_TOTAL (1UL << 20)
#define MAX_ENV 10000               /* variables */
#define MAX_VOLUMES 128             /* of an image */
#define MAX_HEALTHCHECK 65536UL     /* the description of one */
#define MAX_HEALTH_FILE (1UL << 20) /* what the last checks printed, and how they ended */
#define MAX_HEALTH_OUTPUT 65536UL   /* kept of one check */
#define MAX_NAME 128                /* names of containers, with the first character */
#define MAX_ID 4294967294ULL        /* highest uid and gid; 2^32 - 1 means "none" to the kernel */
#define MAX_KEPT_FILTERS 64         /* compiled profiles in a directory */
#define MAX_STATE_FILE (4UL << 20)  /* files of our own that are read whole */
#define MAX_CMDLINE (128UL << 10)   /* of a process that `top` shows; longer ones are cut */
#define MAX_ENV 10000               /* variables */
#define MAX_VOLUMES 128             /* of an image */
#define MAX_NAME 128                /* names of containers, with the first character */
#define MAX_VOLUME_NAME 200         /* names of volumes: of directories, with room for an ending */
#define MAX_ID 4294967294ULL        /* highest uid and gid; 2^32 - 1 means "none" to the kernel */
#define MAX_STATE_FILE (4UL << 20)  /* files of our own that are read whole */
#define MAX_CMDLINE (128UL << 10)   /* of a process that `top` shows; longer ones are cut */
#define MAX_TOML (1UL << 20)
#define MAX_TOML_NODES 20000      /* keys and values */
#define MAX_AUTH_FILE (1UL << 20) /* with credentials, and what a helper prints */
#define MAX_REGISTRIES_FILES 200  /* in a drop-in directory */
#define MAX_EVENT 16384           /* a line of them; labels that do not fit are left out */
#define MAX_EVENTS (4UL << 20)    /* a file of them, of which there are two */
#define MAX_SECRET 512000         /* the content of one */
#define MAX_SECRET_NAME 253       /* characters */
#define MAX_PROCESSORS 8192       /* their numbers, and those of memory nodes, are below */
#define MAX_NET_DEVICES 256       /* that a container takes from the host */

/* What servers send. */
#define MAX_HTTP_HEADERS 65536UL     /* of one response, all together */
#define MAX_CERTIFICATES (4UL << 20) /* a file of them */
#define MAX_TOKEN (1UL << 20)        /* the answer of a token server */
#define MAX_ERROR_BODY (1UL << 20)   /* read of a response that is an error */
#define MAX_ERROR_SHOWN 1024         /* of that in a message */
#define MAX_CHALLENGES 5             /* answers of 401 to one request */
#define MAX_SCOPES 10                /* that a token is asked for */
#define MAX_PAGE (4UL << 20)         /* one answer with names of tags or repositories */
#define MAX_PAGES 1000               /* answers that make up a list */
#define MAX_LIST (64UL << 20)        /* they have together */
#define MAX_TAGS 1000000             /* tags of a repository */

#endif
