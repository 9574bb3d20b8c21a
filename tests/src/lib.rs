//! End-to-end helpers: free ports, random files, peers and the matrix of what was compared.
